import { PCA } from 'ml-pca';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { umapLayout } from '../../src/eval/umapLayout.js';
import { clusters } from '../../src/explore/clusters.js';
import { tableColourings } from '../../src/explore/colourings.js';
import { smallPicture } from '../../src/explore/pictureFiles.js';
import { principalComponents } from '../../src/explore/principalComponents.js';
import { Rng } from '../../src/util/rng.js';

const rng = new Rng({ seed: 3, purpose: 'test' });
beforeAll(() => setBackend({ backend: 'cpu' }));

describe('principalComponents', () => {
  it.each([
    [40, 7],
    [9, 20],
  ])('is the projection of unit rows that singular values give: %i rows of %i', (n, dim) => {
    const size = 3;
    const rows = Float32Array.from({ length: n * dim }, (_, i) => rng.normal() * (1 + (i % dim)));
    const unit = Array.from({ length: n }, (_, i) => {
      const row = Array.from(rows.subarray(i * dim, (i + 1) * dim));
      const length = Math.hypot(...row);
      return row.map((value) => value / length);
    });
    const pca = new PCA(unit);
    const expected = pca.predict(unit, { nComponents: size });
    const { data, explained } = principalComponents(rows, { dim, size });
    const shares = pca.getExplainedVariance();
    for (let k = 0; k < size; k++) {
      // float32 against float64, eigenvalues of a product against singular values.
      expect(explained[k]).toBeCloseTo(shares[k], 5);
      const sign = Math.sign(data[k] * expected.get(0, k));
      for (let i = 0; i < n; i++) expect(sign * data[i * size + k]).toBeCloseTo(expected.get(i, k), 4);
    }
  });

  it('gives no more components than there are', () => {
    expect(principalComponents(Float32Array.of(1, 0, 0, 1, 1, 1), { dim: 2, size: 32 }).size).toBe(2);
  });
});

describe('umapLayout and clusters', () => {
  const groups = Array.from({ length: 60 }, (_, i) => (i * 7) % 3);
  const data = Float32Array.from(groups.flatMap((group) => [0, 1, 2].map((axis) => (axis === group ? 5 : 0) + 0.1 * rng.normal())));

  it('keep groups far apart apart, the same every time', async () => {
    const layout = await umapLayout(data, { size: 3, seed: 1 });
    expect(await umapLayout(data, { size: 3, seed: 1 })).toEqual(layout);
    const distance = (a: number, b: number) => Math.hypot(layout[2 * a] - layout[2 * b], layout[2 * a + 1] - layout[2 * b + 1]);
    for (let i = 0; i < 60; i++) {
      const others = [...groups.keys()].filter((j) => j !== i).sort((a, b) => distance(i, a) - distance(i, b));
      expect(groups[others[0]]).toBe(groups[i]);
    }
    const found = clusters(data, { size: 3, count: 3, seed: 1 });
    for (let i = 0; i < 60; i++) for (let j = 0; j < 60; j++) expect(found[i] === found[j]).toBe(groups[i] === groups[j]);
  });

  it('say how many rows UMAP needs', async () => {
    await expect(umapLayout(data.slice(0, 45), { size: 3, seed: 1 })).rejects.toThrow('`map` umap needs more than 15 rows, got 15; take `map` pca'); // biome-ignore format: one line
  });
});

describe('tableColourings', () => {
  it('makes scales of numbers, groups of texts, and of predictions a loss and what is right', () => {
    const columns = ['id', 'label', 'predicted', 'probability:a', 'probability:b', 'note'];
    const row = (id: string, label: string, a: number) => ({ id, label, predicted: a > 0.5 ? 'a' : 'b', 'probability:a': String(a), 'probability:b': String(1 - a), note: '' }); // biome-ignore format: one line
    const { colourings, numMatched } = tableColourings({ columns, rows: [row('x', 'a', 0.25), row('y', 'b', 0.25)] }, 't.csv', [
      'y',
      'x',
      'z',
    ]);
    expect(numMatched).toBe(2);
    expect(colourings).toEqual([
      { name: 'loss', kind: 'scale', values: [-Math.log(0.75), -Math.log(0.25), null], low: '0.288', high: '1.39' },
      { name: 'right or wrong', kind: 'groups', groups: ['right', 'wrong'], of: [0, 1, null] },
      { name: 'predicted', kind: 'groups', groups: ['b'], of: [0, 0, null] },
    ]);
    expect(() => tableColourings({ columns: ['a'], rows: [] }, 't.csv', [])).toThrow(
      'explore: t.csv must have a column id, clip, filename',
    );
  });
});

describe('smallPicture', () => {
  it('holds means over boxes of equal size, two to a byte', () => {
    const [numFrames, nMels] = [192, 96];
    // Constant in boxes of 2 x 2: level 15 at one of them, 0 elsewhere.
    const data = Float32Array.from({ length: numFrames * nMels }, (_, i) => {
      const [t, m] = [Math.floor(i / nMels) >> 1, (i % nMels) >> 1];
      return (t + m) % 2 === 0 ? -8 : 1;
    });
    const [frames, text] = smallPicture({ data, numFrames, nMels });
    const bytes = Buffer.from(text, 'base64');
    expect([frames, bytes.length]).toEqual([96, (96 * 48) / 2]);
    expect([bytes[0], bytes[24]]).toEqual([0x0f, 0xf0]);
  });
});
