import { describe, expect, it } from 'vitest';
import { frontEndPresets } from '../../src/audio/frontEndPresets.js';
import { emptyMelBands, hzToMel, melFilterBank, melToHz } from '../../src/audio/melFilterBank.js';

// Values of the reference, section 2.1 (own numpy implementation, equal to librosa.filters.mel).
describe('melFilterBank', () => {
  it('has the self-supervised bank of the reference', () => {
    const { weights, edges, numBins, firstBin, endBin } = melFilterBank(frontEndPresets.acl);
    expect([weights.length, numBins]).toEqual([96 * 1025, 1025]);
    expect(edges.slice(0, 5)).toBeAllClose([50, 83.2996135, 116.5992271, 149.8988406, 183.1984542], { atol: 1e-6 });
    expect(edges.slice(-3)).toBeAllClose([9803.0447735, 10145.53942, 10500], { atol: 1e-5 });
    expect(weights.filter((w) => w > 0).length).toBe(1906);
    const rowSum = (row: number) => weights.subarray(row * numBins, (row + 1) * numBins).reduce((sum, w) => sum + w, 0);
    expect([rowSum(0), rowSum(47), rowSum(95)]).toBeAllClose([3.090074, 6.223929, 32.366543], { atol: 1e-5 });
    expect(weights.reduce((sum, w) => sum + w, 0)).toBeCloseTo(952.59175, 4);
    expect(weights.subarray(5, 11)).toBeAllClose([0.1151067, 0.4384318, 0.761757, 0.9149179, 0.5915928, 0.2682677], { atol: 1e-6 });
    expect(weights.subarray(numBins + 8, numBins + 14)).toBeAllClose([0.085082, 0.408407, 0.731732, 0.944943, 0.621617, 0.298292], {
      atol: 1e-6,
    });
    expect([firstBin[0], endBin[0], firstBin[1]]).toEqual([5, 11, 8]);
    const widths = [...firstBin].map((first, row) => endBin[row] - first);
    expect([Math.min(...widths), Math.max(...widths)]).toEqual([6, 65]);
    const peaks = widths.map((_, row) => Math.max(...weights.subarray(row * numBins, (row + 1) * numBins)));
    expect(Math.min(...peaks)).toBeCloseTo(0.8387, 4);
  });

  it('has the supervised bank of the reference', () => {
    const { weights, edges } = melFilterBank(frontEndPresets.aclSupervised);
    expect(edges.slice(0, 4)).toBeAllClose([0, 41.2319413, 82.4638827, 123.695824], { atol: 1e-6 });
    expect(weights.filter((w) => w > 0).length).toBe(2004);
    expect(weights.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1001.70486, 4);
    expect(weights.subarray(1, 4)).toBeAllClose([0.5222457, 0.9555087, 0.433263], { atol: 1e-6 });
  });

  it('norm slaney gives every triangle the area 1 in Hz', () => {
    // Fine bins, so that the sum is close to the integral.
    const { weights, numBins } = melFilterBank({ sampleRate: 16_000, nFft: 65_536, nMels: 10, melNorm: 'slaney', melScale: 'htk' });
    for (let row = 0; row < 10; row++) {
      const area = weights.subarray(row * numBins, (row + 1) * numBins).reduce((sum, w) => sum + w, 0) * (16_000 / 65_536);
      expect(area).toBeCloseTo(1, 4);
    }
  });

  it.each(['slaney', 'htk'] as const)('%s: there and back', (scale) => {
    for (const hz of [0, 20, 999.9, 1000, 1000.1, 4000, 22_050]) expect(melToHz(hzToMel(hz, scale), scale)).toBeCloseTo(hz, 8);
  });

  it('finds empty bands', () => {
    expect(emptyMelBands({ sampleRate: 22_050, nFft: 256, nMels: 128 }).length).toBeGreaterThan(0);
    expect(emptyMelBands(frontEndPresets.librosa)).toEqual([]);
  });
});
