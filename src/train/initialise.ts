import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import type { FrontEnd } from '../audio/frontEnd.js';
import type { Standardisation } from '../data/clipStatistics.js';
import { checkModelFrontEnd, loadModel, type Model } from '../model/loadModel.js';
import { type EncoderOptions, encoderOptions } from '../nn/createEncoder.js';
import type { Parameters } from '../nn/parameters.js';
import { runFolder } from '../run/runFolder.js';
import { UsageError } from '../util/errors.js';
import { canonicalJson } from '../util/hash.js';
import type { TrainOptions } from './trainOptions.js';

/**
 * `train.initialise`: puts the encoder of another run's checkpoint into `encoderParameters`. The standardisation that the encoder was
 * trained with comes along: batch norm expects its inputs. A resumed run takes both from its own checkpoint, so the other may be gone.
 * Undefined where nothing is to be initialised. Throws UsageError where encoder or front end differ.
 */
export async function startFrom({
  who,
  out,
  resume,
  config: { train, encoder },
  frontEnd,
  encoderParameters,
}: {
  who: string;
  out: string;
  resume: boolean;
  config: { train: Pick<TrainOptions, 'initialise'>; encoder: EncoderOptions };
  frontEnd: FrontEnd;
  encoderParameters: Parameters;
}): Promise<{ standardisation: Standardisation; notes: string[] } | undefined> {
  if (train.initialise === null) return undefined;
  const own = runFolder(out).lastCheckpoint;
  const model = await loadModel(resume && existsSync(own) ? own : train.initialise);
  try {
    checkModelFrontEnd(model, frontEnd, 'the features');
    // Parsed: an older checkpoint does not say what has come since, which it has by default.
    const [theirs, ours] = [model.metadata.encoder, encoder].map((options) => canonicalJson(encoderOptions.parse(options)));
    if (theirs !== ours) {
      throw new UsageError(
        `${who}: train.initialise needs a checkpoint of the run's encoder, ${train.initialise} has ${theirs} and the config ${ours}; set encoder`,
      );
    }
    copyParameters(model, encoderParameters, who);
    const { path, name } = model.checkpoint!;
    const note = `encoder and standardisation from ${path}${name === path ? '' : ` (${name})`}, step ${model.metadata.step}`;
    return { standardisation: model.metadata.standardisation, notes: resume ? [] : [note] };
  } finally {
    model.dispose();
  }
}

/** Copies a model's encoder into parameters of the same network. */
export function copyParameters(
  { parameters, patchFrames }: Pick<Model, 'parameters' | 'patchFrames'>,
  into: Parameters,
  who: string,
): void {
  for (const [name, variable] of into) {
    const value = parameters.get(name);
    if (value === undefined || !tf.util.arraysEqual(value.shape, variable.shape)) {
      throw new UsageError(
        `${who}: ${name} must be [${variable.shape}], the model has ${value ? `[${value.shape}]` : 'none'}; it was made for patches of ${patchFrames} frames: set data.patchFrames`,
      );
    }
    // A true copy: a plain assignment would share memory that the optimiser changes in place.
    tf.tidy(() => variable.assign(tf.add(value, 0)));
  }
}
