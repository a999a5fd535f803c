import { describe, expect, it } from 'vitest';
import { principalCoordinates } from '../../src/report/embeddingMap.js';
import { evenSample } from '../../src/util/evenSample.js';

describe('principalCoordinates', () => {
  it('finds known axes and their share of the variance', () => {
    // Unit rows cos/sin around the third axis: after normalising, deviations along axes 1 and 2 only up to second order.
    const small = 1e-3;
    const rows = [
      [3 * small, 0, 1],
      [-3 * small, 0, 1],
      [0, small, 1],
      [0, -small, 1],
    ].map((row) => Float32Array.from(row));
    const { coordinates, explainedVariance } = principalCoordinates(rows);
    // Sums of squares 2 x 9 and 2 x 1: 90 % and 10 %.
    expect(explainedVariance).toBeAllClose([0.9, 0.1], { atol: 1e-4 });
    expect(coordinates.flat()).toBeAllClose([3 * small, 0, -3 * small, 0, 0, small, 0, -small], { atol: 3e-8 }); // normalising shortens 3e-3 by 1.4e-8
  });

  it('looks at directions, not lengths', () => {
    const rows = [
      [1, 0],
      [0, 1],
      [1, 1],
      [2, 1],
    ].map((row) => Float32Array.from(row));
    const longer = rows.map((row, i) => row.map((value) => value * (i + 1)));
    expect(principalCoordinates(longer).coordinates.flat()).toBeAllClose(principalCoordinates(rows).coordinates.flat(), { atol: 1e-6 });
  });

  it('keeps distances when the data is a plane', () => {
    const angles = [0.1, 0.7, 1.3, 2.9, 4.4];
    const rows = angles.map((angle) => Float32Array.of(Math.cos(angle) * 0.6, Math.sin(angle), Math.cos(angle) * 0.8));
    const { coordinates, explainedVariance } = principalCoordinates(rows);
    expect(explainedVariance[0] + explainedVariance[1]).toBeCloseTo(1, 6);
    for (let i = 0; i < rows.length; i++) {
      for (let j = 0; j < i; j++) {
        const expected = 2 * Math.sin(Math.abs(angles[i] - angles[j]) / 2);
        const got = Math.hypot(coordinates[i][0] - coordinates[j][0], coordinates[i][1] - coordinates[j][1]);
        expect(got).toBeCloseTo(Math.abs(expected), 5);
      }
    }
  });

  it('puts equal rows and rows of zeros at one finite place', () => {
    const rows = Array.from({ length: 4 }, () => Float32Array.of(0, 0, 0));
    expect(principalCoordinates(rows)).toEqual({
      coordinates: [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      explainedVariance: [0, 0],
    });
  });
});

it('evenSample', () => {
  expect(evenSample(3, 5)).toEqual([0, 1, 2]);
  expect(evenSample(10, 5)).toEqual([0, 2, 4, 6, 8]);
  const many = evenSample(1001, 300);
  expect(new Set(many).size).toBe(300);
  expect(many[299]).toBeLessThan(1001);
});
