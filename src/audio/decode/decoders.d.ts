declare module 'wav-decoder' {
  interface WavAudio {
    sampleRate: number;
    /** Per channel. */
    length: number;
    numberOfChannels: number;
    channelData: Float32Array<ArrayBuffer>[];
  }
  interface WavDecoder {
    decode: {
      (buffer: ArrayBuffer, options?: { symmetric?: boolean }): Promise<WavAudio>;
      sync(buffer: ArrayBuffer, options?: { symmetric?: boolean }): WavAudio;
    };
  }
  const wavDecoder: WavDecoder;
  export default wavDecoder;
}

// Declared here because the package is optional: the program must compile where it is not installed.
declare module 'mpg123-decoder' {
  export class MPEGDecoder {
    ready: Promise<void>;
    free(): void;
    decode(bytes: Uint8Array): {
      channelData: Float32Array<ArrayBuffer>[];
      samplesDecoded: number;
      sampleRate: number;
      errors: { message: string }[];
    };
  }
}
