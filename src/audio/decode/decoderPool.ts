/**
 * Runs `work` with a decoder of its own (each holds a wasm instance; making one takes milliseconds). After success the
 * decoder waits for the next file, after an error it is thrown away, for its state is unknown.
 */
export function decoderPool<Decoder extends { ready: Promise<unknown> }>(make: () => Decoder) {
  const idle: Decoder[] = [];
  return async <Result>(work: (decoder: Decoder) => Promise<Result>): Promise<Result> => {
    const decoder = idle.pop() ?? make();
    await decoder.ready;
    const result = await work(decoder);
    idle.push(decoder);
    return result;
  };
}
