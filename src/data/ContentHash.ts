import { createHash, type Hash } from 'node:crypto';

/**
 * SHA-256 of decoded samples and their rate, taken up block by block: equal for copies of a recording under other names and in other
 * boxes of the same samples, whatever the blocks. Each channel has a hash of its own, so that blocks of all channels can come in turn.
 */
export class ContentHash {
  private readonly channels: Hash[] = [];

  constructor(private readonly sampleRate: number) {}

  /** The next samples of every channel. */
  add(channels: readonly Float32Array[]): void {
    for (const [c, { buffer, byteOffset, byteLength }] of channels.entries()) {
      this.channels[c] ??= createHash('sha256');
      this.channels[c].update(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }

  /** Hexadecimal; to be called once, at the end. */
  digest(): string {
    const all = createHash('sha256').update(`${this.sampleRate} ${this.channels.length}`);
    for (const channel of this.channels) all.update(channel.digest());
    return all.digest('hex');
  }
}
