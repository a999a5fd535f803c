import { describe, expect, it } from 'vitest';
import { RecordingTraits } from '../../src/audio/RecordingTraits.js';
import { Rng } from '../../src/util/rng.js';

const rate = 16000;
function traits(channels: Float32Array[], block = channels[0].length) {
  const all = new RecordingTraits(rate);
  for (let at = 0; at < channels[0].length; at += block) {
    const part = channels.map((channel) => channel.subarray(at, at + block));
    all.add(
      part,
      part[0].map((_, i) => part.reduce((sum, channel) => sum + channel[i], 0) / part.length),
    );
  }
  return all.result();
}
const tone = (hertz: number, seconds: number, amplitude = 0.5) =>
  Float32Array.from({ length: seconds * rate }, (_, n) => amplitude * Math.sin((2 * Math.PI * hertz * n) / rate));

describe('RecordingTraits', () => {
  it.each([16000, 4096, 1500])('measures level, bandwidth, digital silence and padding in blocks of %i', (block) => {
    const x = new Float32Array(2 * rate);
    x.set(tone(1000, 1), rate / 2);
    // 0.1 s of zeros inside; 5 ms are too short to count.
    x.fill(0, rate, 1.1 * rate);
    x.fill(0, 1.2 * rate, 1.205 * rate);
    const { level, bandwidth, digitalSilence, padding } = traits([x], block);
    // 0.895 s of 2 s sound; zero crossings of the tone add a sample to a stretch.
    expect(level).toBeCloseTo(10 * Math.log10((0.895 * 0.125) / 2), 1);
    expect(Math.abs(bandwidth - 1000)).toBeLessThan(200);
    expect(digitalSilence).toBeCloseTo((1 + 0.1) / 2, 3);
    expect(padding).toBeCloseTo(1, 3);
  });

  it('sees where the band ends', () => {
    const rng = new Rng({ seed: 1, purpose: 'noise' });
    const noise = Float32Array.from({ length: rate }, () => 0.1 * rng.normal());
    expect(traits([noise]).bandwidth).toBeGreaterThan(7900);
    // A moving sum of four lets little through near 8 kHz, and nothing that 16 bits would hold above a true cut: tones up to 3 kHz.
    const low = Float32Array.from(noise, () => 0);
    for (let hertz = 100; hertz <= 3000; hertz += 100) tone(hertz, 1, 0.01).forEach((value, n) => { low[n] += value; }); // biome-ignore format: short
    expect(Math.abs(traits([low]).bandwidth - 3000)).toBeLessThan(150);
  });

  it('takes a sample as silent only if every channel is, and silence for itself', () => {
    expect(traits([new Float32Array(rate), tone(440, 1)]).digitalSilence).toBe(0);
    expect(traits([new Float32Array(rate)])).toEqual({ bandwidth: 0, level: -200, digitalSilence: 1, padding: 1 });
    expect(traits([tone(440, 1).subarray(0, 300)]).bandwidth).toBeGreaterThan(300);
  });
});
