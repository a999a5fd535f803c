import { frontEndHash } from '../audio/frontEnd.js';
import type { Model } from '../model/loadModel.js';
import { AudiosslError } from '../util/errors.js';
import { packageVersion } from '../util/packageVersion.js';
import { type EmbeddingFormat, openEmbeddingFile } from './embeddingFile.js';
import { type EmbedSummary, embedRecordings, type Recording } from './embedRecordings.js';

/**
 * Embeds recordings into one file (see embeddingFile.ts), bounded in memory; the file appears whole or not at all. Its meta says which
 * model, front end and version made it and which recordings were left out. Throws AudiosslError when no recording could be used.
 */
export async function embedToFile({
  model,
  recordings,
  out,
  format,
  per = 'clip',
  ...options
}: {
  model: Model;
  recordings: readonly Recording[];
  out: string;
  format: EmbeddingFormat;
  per?: 'clip' | 'patch';
} & Pick<
  Parameters<typeof embedRecordings>[0],
  'batchSize' | 'numWorkers' | 'onError' | 'salvage' | 'channel' | 'onProgress' | 'signal'
>): Promise<EmbedSummary> {
  const writer = await openEmbeddingFile(out, format);
  try {
    const summary = await embedRecordings({ ...options, model, recordings, per, onRows: (rows) => writer.append(rows) });
    const { numEmbedded, numRows, rejected } = summary;
    if (numEmbedded === 0) {
      throw new AudiosslError(`embed: none of ${recordings.length} recordings could be used; the first: ${rejected[0]?.reason}`);
    }
    if (numEmbedded + rejected.length !== recordings.length) {
      throw new AudiosslError(`embed: ${recordings.length} recordings were given, ${numEmbedded} embedded and ${rejected.length} rejected`);
    }
    const { channel } = options;
    await writer.finish(numRows, { ...describeModel(model), per, channel, numRecordings: numEmbedded, rejected });
    return summary;
  } finally {
    await writer.discard();
  }
}

/** Facts of a model for the files that it makes. */
function describeModel({ metadata, checkpoint, frontEnd, patchFrames, patchHop }: Model): Record<string, unknown> {
  return {
    program: 'audiossl',
    version: packageVersion(),
    model: {
      checkpoint: checkpoint?.name,
      sha256: checkpoint?.sha256,
      step: metadata.step,
      epoch: metadata.epoch,
      encoder: metadata.encoder,
    },
    frontEnd,
    frontEndHash: frontEndHash(frontEnd),
    patchFrames,
    patchHop,
    timestamps: 'milliseconds, centre of the patch',
  };
}
