import { describe, expect, it } from 'vitest';
import { tellingTraits } from '../../src/data/tellingTraits.js';
import { Rng } from '../../src/util/rng.js';

const rng = new Rng({ seed: 5, purpose: 'traits' });
const labels = Array.from({ length: 60 }, (_, i) => ['bell', 'dog', 'rain'][i % 3]);

describe('tellingTraits', () => {
  it('names a number that alone tells the classes apart, and none that does not', () => {
    const found = tellingTraits(
      {
        level: labels.map(() => rng.normal()),
        bandwidth: labels.map((label) => ({ bell: 4000, dog: 8000, rain: 11000 })[label] as number),
        padding: labels.map(() => 0),
        near: labels.map((label) => ({ bell: 0, dog: 3, rain: 6 })[label]! + rng.normal() * 0.3),
      },
      labels,
    );
    expect(found).toEqual([
      { trait: 'bandwidth', macroAccuracy: 1, classes: [] },
      { trait: 'near', macroAccuracy: expect.closeTo(1, 1), classes: [] },
    ]);
  });

  it('names the one class that differs, also in the middle of the others', () => {
    const rate = labels.map((label, i) => (label === 'dog' ? 22050 : [16000, 44100][Math.floor(i / 3) % 2]));
    expect(tellingTraits({ rate }, labels)).toEqual([{ trait: 'rate', macroAccuracy: expect.any(Number), classes: ['dog'] }]);
  });

  it('says nothing of one class, nor of classes of a few clips', () => {
    expect(tellingTraits({ level: [1, 1, 1, 1, 1, 1] }, ['a', 'a', 'a', 'a', 'a', 'a'])).toEqual([]);
    expect(tellingTraits({ level: [1, 1, 2, 2] }, ['a', 'a', 'b', 'b'])).toEqual([]);
  });
});
