/** A stop in case nobody presses it. */
const maxSeconds = 300;

/** Sends each block of 128 samples of the first channel on. */
const processor = `registerProcessor('take', class extends AudioWorkletProcessor {
  process([input]) { if (input[0]) this.port.postMessage(input[0].slice()); return true; }
})`;

export interface Recording {
  /** Ends it: what was heard, and the blob that plays it. */
  stop(): Promise<{ samples: Float32Array; sampleRate: number }>;
}

/**
 * Records the microphone at the rate that it has, uncompressed. Throws Error with a line for the user where there is none, or where it may
 * not be used.
 */
export async function startRecording({
  onLevel,
  onLimit,
}: {
  onLevel: (level: number, seconds: number) => void;
  onLimit: () => void;
}): Promise<Recording> {
  const stream = await microphone();
  const context = new AudioContext();
  try {
    // A page opened by double click may not take a worklet from a blob.
    await context.audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(processor)}`);
  } catch (error) {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
    throw new Error('this browser cannot record here; open a file', { cause: error });
  }
  const { sampleRate } = context;
  const blocks: Float32Array[] = [];
  const node = new AudioWorkletNode(context, 'take', { numberOfOutputs: 0 });
  let isOver = false;
  node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
    if (isOver) return;
    blocks.push(data);
    const seconds = (blocks.length * data.length) / sampleRate;
    if (blocks.length % 8 === 0) onLevel(Math.max(...data.map(Math.abs)), seconds);
    if (seconds >= maxSeconds) onLimit();
  };
  context.createMediaStreamSource(stream).connect(node);
  return {
    async stop() {
      isOver = true;
      for (const track of stream.getTracks()) track.stop();
      await context.close();
      const samples = new Float32Array(blocks.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const block of blocks) {
        samples.set(block, at);
        at += block.length;
      }
      return { samples, sampleRate };
    },
  };
}

async function microphone(): Promise<MediaStream> {
  // What makes speech clearer spoils other sounds.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'NotFoundError') throw new Error('no microphone was found; open a file', { cause: error });
    if (name === 'NotAllowedError') throw new Error("the page may not use the microphone; allow it in the browser's settings, or open a file", { cause: error }); // biome-ignore format: one line
    throw new Error('the microphone cannot be used here (a page from another machine must come by https); open a file', { cause: error });
  }
}
