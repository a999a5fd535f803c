/** How samples stand in an uncompressed recording. */
export interface PcmFormat {
  encoding: 'pcm' | 'float' | 'aLaw' | 'muLaw';
  channels: number;
  /** Hz */
  sampleRate: number;
  /** Bytes that hold one sample of one channel: samples of fewer bits are left-justified in them. */
  sampleBytes: number;
  isBigEndian: boolean;
  /** Signed 8-bit samples (AIFF, AU, CAF); WAV's are unsigned. */
  isSigned8: boolean;
  /** For messages: `24-bit PCM`. */
  name: string;
}

/** Bytes of one sample of all channels. */
export const frameBytes = ({ channels, sampleBytes }: PcmFormat) => channels * sampleBytes;
