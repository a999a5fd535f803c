/**
 * What must hold of any bytes, whatever they are: a result that makes sense or an AudiosslError of one line. Throws where it does not.
 * `modules` are decodeAudio and readTable, and the class AudiosslError they throw.
 */
export async function attemptAudio(bytes, salvage, { decodeAudio, AudiosslError }) {
  try {
    const { numFrames, channels, sampleRate } = await decodeAudio(bytes, { file: 'fuzz', salvage });
    if (!(numFrames > 0 && channels.length > 0 && sampleRate >= 1000)) throw new Error(`a result without samples: ${numFrames}`);
    for (const channel of channels) {
      if (channel.length !== numFrames) throw new Error(`channels of ${channel.length} and ${numFrames} samples`);
      for (let i = 0; i < numFrames; i++) if (!Number.isFinite(channel[i])) throw new Error(`sample ${i} is ${channel[i]}`);
    }
    // WAV: at most a sample a byte. Compressed: 65,535 samples from some 10 bytes, checked by their sums.
    if (numFrames * channels.length > bytes.length * 8000) throw new Error(`${numFrames} samples out of ${bytes.length} bytes`);
    return 'decoded';
  } catch (error) {
    return oneLine(error, AudiosslError);
  }
}

/** The same of a table; `path` holds the bytes. */
export async function attemptTable(path, { readTable, AudiosslError }) {
  try {
    const { columns, rows } = await readTable(path);
    if (rows.some((row) => columns.some((column) => typeof row[column] !== 'string'))) throw new Error('a field that is no text');
    return 'decoded';
  } catch (error) {
    return oneLine(error, AudiosslError);
  }
}

function oneLine(error, AudiosslError) {
  if (!(error instanceof AudiosslError)) throw error;
  if (error.message.includes('\n')) throw new Error(`an error of several lines: ${error.message}`);
  return 'refused';
}
