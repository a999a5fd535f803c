import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../util/atomicFile.js';
import { AudiosslError, errorText } from '../util/errors.js';
import { isNodeError, type RunFolder } from './runFolder.js';

/** A log-mel patch as it stands after a step of the views, row-major `[numFrames, nMels]`, before standardisation. */
export interface ViewPicture {
  /** `patch` before any augmentation, then the name of the augmentation just applied. */
  name: string;
  numFrames: number;
  nMels: number;
  data: Float32Array;
  /** What was drawn, in a few words: `lambda 0.05`. */
  note?: string;
}

/** views.json: how the run's views are made, shown on one patch of a training clip. */
export interface ViewPictures {
  /** Id of the clip shown. */
  clip: string;
  /** One list a view: the patch, then the picture after each augmentation of the run. */
  views: ViewPicture[][];
  /** The patch, then what each augmentation makes of it alone, those that the run does not use included. */
  gallery?: ViewPicture[];
}

const storedPicture = z.strictObject({
  name: z.string(),
  note: z.string().optional(),
  numFrames: z.int().min(1),
  nMels: z.int().min(1),
  data: z.string().describe('base64 of little-endian float32'),
});
const stored = z.strictObject({
  schemaVersion: z.literal(1),
  clip: z.string(),
  views: z.array(z.array(storedPicture).min(1)),
  gallery: z.array(storedPicture).optional(),
});

/** Writes views.json; training calls it once at the start of a run. */
export async function writeViewPictures(run: RunFolder, { clip, views, gallery }: ViewPictures): Promise<void> {
  const value: z.input<typeof stored> = {
    schemaVersion: 1,
    clip,
    views: views.map((pictures) => pictures.map(encodePicture)),
    gallery: gallery?.map(encodePicture),
  };
  await writeFileAtomic(run.views, `${JSON.stringify(value)}\n`);
}

/** Reads them back; undefined where the file is absent. */
export async function readViewPictures(run: RunFolder): Promise<ViewPictures | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(run.views, 'utf8'));
  } catch (error) {
    if (isNodeError(error, 'ENOENT')) return undefined;
    throw new AudiosslError(`readViewPictures: ${run.views} must be JSON: ${errorText(error)}`, { cause: error });
  }
  const parsed = stored.safeParse(value);
  if (!parsed.success) {
    throw new AudiosslError(`readViewPictures: ${run.views}: ${z.prettifyError(parsed.error).replace(/\s*\n\s*/g, ' ')}`);
  }
  const { clip, views, gallery } = parsed.data;
  const decode = (picture: z.infer<typeof storedPicture>) => decodePicture(picture, run.views);
  return { clip, views: views.map((pictures) => pictures.map(decode)), ...(gallery && { gallery: gallery.map(decode) }) };
}

function encodePicture({ name, note, numFrames, nMels, data }: ViewPicture): z.input<typeof storedPicture> {
  if (data.length !== numFrames * nMels) {
    throw new AudiosslError(`writeViewPictures: ${name} must have ${numFrames} x ${nMels} values, got ${data.length}`);
  }
  return { name, note, numFrames, nMels, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64') };
}

function decodePicture(picture: z.infer<typeof storedPicture>, file: string): ViewPicture {
  const { name, numFrames, nMels } = picture;
  const bytes = new Uint8Array(Buffer.from(picture.data, 'base64'));
  if (bytes.length !== 4 * numFrames * nMels) {
    throw new AudiosslError(`readViewPictures: ${file}: ${name} must have ${numFrames} x ${nMels} values, got ${bytes.length / 4}`);
  }
  return { ...picture, data: new Float32Array(bytes.buffer) };
}
