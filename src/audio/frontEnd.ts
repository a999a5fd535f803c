import { z } from 'zod';
import { AudiosslError } from '../util/errors.js';
import { canonicalJson, sha256 } from '../util/hash.js';
import { type FrontEnd, frontEndPresets } from './frontEndPresets.js';
import { emptyMelBands } from './melFilterBank.js';

export type { FrontEnd } from './frontEndPresets.js';

/** The config's key `frontEnd`: a preset and what differs from it. A key left out has the preset's value. */
export const frontEndOptions = z
  .strictObject({
    preset: z
      .enum(['acl', 'aclSupervised', 'librosa', 'torchaudio'])
      .default('acl')
      .describe("named settings that the other keys override: the authors' self-supervised or supervised system, or a library's defaults"),
    sampleRate: z.int().min(1000).max(768_000).optional().describe('Hz; other rates are resampled to it'),
    nFft: z.int().min(16).max(65_536).optional().describe('points of the Fourier transform, a power of two'),
    winLength: z.int().min(2).optional().describe('samples under the window, at most nFft'),
    hopLength: z.int().min(1).optional().describe('samples from one frame to the next'),
    nMels: z.int().min(1).max(1024).optional().describe('mel bands'),
    fMin: z.number().min(0).optional().describe('Hz, lower edge of the first mel band'),
    fMax: z.number().positive().optional().describe('Hz, upper edge of the last mel band, at most half the sample rate'),
    window: z.enum(['hamming', 'hann']).optional().describe('periodic window'),
    center: z.boolean().optional().describe('pad nFft / 2 samples at both ends, so that frame t is centred on sample t x hopLength'),
    padMode: z.enum(['reflect', 'constant']).optional().describe('padding of `center`: mirrored signal, or zeros'),
    power: z
      .union([z.literal(1), z.literal(2)])
      .optional()
      .describe('exponent of the magnitude: 2 = power, 1 = magnitude'),
    melScale: z.enum(['slaney', 'htk']).optional().describe('formula of the mel scale'),
    melNorm: z.enum(['none', 'slaney']).optional().describe('slaney: each triangle divided by half its width in Hz'),
    log: z.enum(['log10', 'ln', 'decibel']).optional().describe('decibel: 10 log10 of power, 20 log10 of magnitude'),
    logOffset: z.number().min(0).optional().describe('added to each mel value before the logarithm'),
    logFloor: z.number().min(0).optional().describe('mel values below it are lifted to it before the logarithm'),
    topDecibels: z
      .number()
      .positive()
      .nullable()
      .optional()
      .describe("with log: decibel, lift what is further than this below the clip's maximum; null = off"),
    waveformOffset: z.number().optional().describe('added to every sample before the Fourier transform'),
    normalise: z.boolean().optional().describe("subtract the clip's mean and divide by its peak + headRoom"),
    headRoom: z.number().min(0).optional().describe('added to the peak in that division'),
    minSeconds: z.number().min(0).max(3600).optional().describe('shorter clips are filled up to this length; 0 = left as they are'),
    fill: z.enum(['repeat', 'zero']).optional().describe('how shorter clips are filled'),
  })
  .superRefine((options, context) => {
    // A value out of its own range is told already; a filter bank of a billion bands must not be tried.
    if (context.issues.length > 0) return;
    for (const { path, message } of frontEndProblems(withPreset(options))) context.addIssue({ code: 'custom', path: [path], message });
  })
  .describe('from samples to log-mel frames');

export type FrontEndOptions = z.infer<typeof frontEndOptions>;

function withPreset({ preset, ...overrides }: FrontEndOptions): FrontEnd {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  return { ...frontEndPresets[preset], ...given };
}

/** What is implausible in a resolved front end, with the key to blame. */
function frontEndProblems(frontEnd: FrontEnd): { path: keyof FrontEnd; message: string }[] {
  const { sampleRate, nFft, winLength, hopLength, nMels, fMin, fMax, log, logOffset, logFloor, topDecibels, normalise, headRoom } =
    frontEnd;
  const problems: { path: keyof FrontEnd; message: string }[] = [];
  const add = (path: keyof FrontEnd, message: string) => problems.push({ path, message });
  if (!Number.isInteger(Math.log2(nFft)))
    add('nFft', `must be a power of two, got ${nFft}; try ${2 ** Math.ceil(Math.log2(nFft))} with the same winLength`);
  if (winLength > nFft) add('winLength', `must be at most nFft (${nFft}), got ${winLength}`);
  if (hopLength > winLength)
    add('hopLength', `must be at most winLength (${winLength}), got ${hopLength}: samples between frames would be lost`);
  if (fMax > sampleRate / 2) add('fMax', `must be at most half the sample rate (${sampleRate / 2} Hz), got ${fMax}`);
  if (fMin >= fMax) add('fMin', `must be below fMax (${fMax} Hz), got ${fMin}`);
  if (logOffset === 0 && logFloor === 0) add('logOffset', 'logOffset and logFloor are both 0: the logarithm of silence would be -Infinity');
  if (topDecibels !== null && log !== 'decibel') add('topDecibels', `needs log: decibel, got log: ${log}`);
  if (normalise && headRoom === 0) add('headRoom', 'must be above 0 with normalise: true: silence would be divided by 0');
  if (problems.length > 0) return problems;
  const empty = emptyMelBands(frontEnd);
  if (empty.length > 0)
    add(
      'nMels',
      `${empty.length} of ${nMels} mel bands hold no frequency bin (the first is band ${empty[0]}); use fewer bands or a larger nFft`,
    );
  return problems;
}

/**
 * The whole front end from a preset and overrides: `resolveFrontEnd({preset: 'acl', nMels: 64})`. A resolved front end
 * resolves to itself. Throws AudiosslError naming each wrong key.
 *
 * @example
 * ```ts
 * import { resolveFrontEnd } from 'audiossl';
 * const { nMels, hopLength } = resolveFrontEnd({ preset: 'librosa', nMels: 64 });
 * [nMels, hopLength]; // => [64, 512]
 * ```
 */
export function resolveFrontEnd(options: z.input<typeof frontEndOptions> = {}): FrontEnd {
  const parsed = frontEndOptions.safeParse(options);
  if (parsed.success) return withPreset(parsed.data);
  const problems = parsed.error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(' '));
  throw new AudiosslError(`frontEnd: ${problems.join('; ')}`);
}

/** SHA-256 (hexadecimal) of the front end's keys and values, in whatever order they stand. */
export function frontEndHash(frontEnd: FrontEnd): string {
  return sha256(canonicalJson(frontEnd));
}

/** `nMels 96 / 64, hopLength 220 / 160` (a's value / b's value), or undefined where the two are equal. */
export function describeFrontEndDifference(a: FrontEnd, b: FrontEnd): string | undefined {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])] as (keyof FrontEnd)[];
  const differences = keys.filter((key) => a[key] !== b[key]).map((key) => `${key} ${a[key]} / ${b[key]}`);
  return differences.length === 0 ? undefined : differences.join(', ');
}
