/** Decoders that wait for the next file: each holds a wasm instance, and making one takes milliseconds. */
export interface DecoderPool<Decoder> {
  /** A decoder for one file alone. */
  take(): Promise<Decoder>;
  /** After success only, ready for another file: after an error a decoder is thrown away, for its state is unknown. */
  giveBack(decoder: Decoder): void;
}

export function decoderPool<Decoder extends { ready: Promise<unknown> }>(make: () => Decoder): DecoderPool<Decoder> {
  const idle: Decoder[] = [];
  return {
    async take() {
      const decoder = idle.pop() ?? make();
      await decoder.ready;
      return decoder;
    },
    giveBack: (decoder) => void idle.push(decoder),
  };
}
