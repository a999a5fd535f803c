/**
 * The public names of audiossl. Every function takes its own small options and says its shapes, units and errors in its own file.
 * Importing this touches no file, no global setting and no backend: call `setBackend` before the first tensor.
 */
export { clipLogMel } from './audio/clipLogMel.js';
export { type DecodedAudio, decodeAudio } from './audio/decodeAudio.js';
export { fixLength } from './audio/fixLength.js';
export { type FrontEnd, type FrontEndOptions, resolveFrontEnd } from './audio/frontEnd.js';
export { type LogMel, logMel } from './audio/logMel.js';
export { type MelFilterBank, melFilterBank } from './audio/melFilterBank.js';
export { mixDown } from './audio/mixDown.js';
export { normaliseClip } from './audio/normaliseClip.js';
export { readAudio } from './audio/readAudio.js';
export { resample } from './audio/resample.js';
export { applyViews } from './augment/applyViews.js';
export { explainViews, type ViewStage } from './augment/explainViews.js';
export { sampleViews, type ViewPlan } from './augment/sampleViews.js';
export { type ViewsOptions, viewsOptions } from './augment/viewsOptions.js';
export { type BackendInUse, setBackend } from './backend/setBackend.js';
export type { ConfigInput, ResolvedConfig } from './config/configSchema.js';
export { loadConfig } from './config/loadConfig.js';
export { buildFeatureStore } from './data/buildFeatureStore.js';
export type { Clip, Dataset } from './data/clip.js';
export { FeatureStore } from './data/FeatureStore.js';
export { loadDataset } from './data/loadDataset.js';
export { resolveSplit } from './data/resolveSplit.js';
export { logMelPng } from './report/logMelPicture.js';
export { AudiosslError, UsageError } from './util/errors.js';
export { readNpy, writeNpy } from './util/npy.js';
export { readNpz, writeNpz } from './util/npz.js';
export { loadSafetensors, saveSafetensors } from './util/safetensors.js';
