import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differenceDot, intervalDot } from '../../../src/report/svg/cellDots.js';
import { cellScale, symmetricDomain } from '../../../src/report/svg/cellScale.js';
import { confusionFrame, confusionMatrix } from '../../../src/report/svg/confusionMatrix.js';
import { histogramChart, histogramFrame } from '../../../src/report/svg/histogramChart.js';
import { intervalBar } from '../../../src/report/svg/intervalBar.js';
import { lineChart, lineChartFrame } from '../../../src/report/svg/lineChart.js';
import { pairBar } from '../../../src/report/svg/pairBar.js';
import { reliabilityDiagram, reliabilityFrame } from '../../../src/report/svg/reliabilityDiagram.js';
import { linearScale, niceTicks, tickTexts } from '../../../src/report/svg/scale.js';
import { markerOf, placeLabels, scatter, scatterFrame } from '../../../src/report/svg/scatter.js';

/** Attribute maps of every element of a name. */
function elements(markup: string, name: string): Record<string, string>[] {
  return [...markup.matchAll(new RegExp(`<${name}((?: [\\w:-]+="[^"]*")*)>`, 'g'))].map((match) =>
    Object.fromEntries([...match[1].matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
  );
}

describe('scales', () => {
  it('map the ends of the domain to the ends of the range, and a single value to the middle', () => {
    const scale = linearScale([10, 20], [200, 100]);
    expect([scale(10), scale(15), scale(20)]).toEqual([200, 150, 100]);
    expect(linearScale([3, 3], [0, 100])(3)).toBe(50);
  });

  it('have round ticks that cover the data', () => {
    expect(niceTicks(0.13, 0.94)).toEqual([0, 0.5, 1]);
    expect(niceTicks(0, 10, 6)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(niceTicks(-0.3, 0.3, 7)).toEqual([-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]);
    expect(niceTicks(5, 5)[0]).toBeLessThan(5);
    expect(niceTicks(1, 1 + 2e-16)).toEqual(niceTicks(1, 1));
    expect(niceTicks(0, 5e-324)).toEqual([-1, -0.5, 0, 0.5, 1]);
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (low, width) => {
        const high = low + width;
        fc.pre(high - low > Math.abs(low) * 1e-6);
        const ticks = niceTicks(low, high);
        const slack = 1e-6 * width;
        expect(ticks[0]).toBeLessThanOrEqual(low + slack);
        expect(ticks[ticks.length - 1]).toBeGreaterThanOrEqual(high - slack);
        expect(ticks.length).toBeLessThanOrEqual(8);
        const steps = ticks.slice(1).map((tick, i) => tick - ticks[i]);
        for (const step of steps) expect(Math.abs(step - steps[0])).toBeLessThan(1e-6 * steps[0]);
      }),
    );
  });

  it('write ticks with equal decimals, a true minus and per cent', () => {
    expect(tickTexts([-0.5, 0, 0.5])).toEqual(['−0.5', '0.0', '0.5']);
    expect(tickTexts([0, 0.25, 0.5], { isPercent: true })).toEqual(['0 %', '25 %', '50 %']);
    expect(tickTexts([0, 10_000, 20_000])).toEqual(['0', '10,000', '20,000']);
    expect(tickTexts([0, 2e-5, 4e-5])).toEqual(['0', '2e-5', '4e-5']);
  });
});

describe('lineChart', () => {
  const points: [number, number | null][] = [
    [0, 0],
    [5, 10],
    [10, 4],
  ];

  it('draws each value where the axes say: the curve goes through the computed positions', () => {
    const series = [{ name: 'loss', colour: 2, points }];
    const frame = lineChartFrame({ series });
    // Ticks 0 .. 10 fill the height from 162 (200 - 38) up to 22; x runs from the left edge of the plot to 288 (300 - 12).
    const left = frame?.left ?? Number.NaN;
    const expected = [
      [left, 162],
      [(left + 288) / 2, 22],
      [288, 162 - 0.4 * 140],
    ];
    const markup = lineChart({ title: 'Loss', xLabel: 'step', series })?.markup ?? '';
    const path = elements(markup, 'path')[0];
    expect(path.class).toBe('curve stroke-2');
    const drawn = [...path.d.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    expect(drawn.flat()).toBeAllClose(expected.flat(), { atol: 0.005 }); // two decimals are written
    // The tick texts stand at the height of their values.
    const texts = [...markup.matchAll(/<text class="tick" x="[\d.]+" y="([\d.]+)" text-anchor="end">([^<]+)</g)].map(([, y, text]) => [
      Number(text),
      Number(y) - 4,
    ]);
    for (const [value, y] of texts) expect(y).toBeCloseTo(162 - (value / 10) * 140, 2);
    expect(texts.length).toBeGreaterThan(2);
  });

  it('leaves a gap where a value is missing and shows a value that stands alone', () => {
    const broken: [number, number | null][] = [
      ...Array.from({ length: 20 }, (_, i): [number, number] => [i, i]),
      [20, null],
      [21, 3],
      [22, null],
      [23, 5],
      [24, 6],
    ];
    const markup = lineChart({ title: 't', xLabel: 'x', series: [{ name: 's', colour: 0, points: broken }] })?.markup ?? '';
    expect(elements(markup, 'path')[0].d.match(/M/g)?.length).toBe(3);
    expect(elements(markup, 'circle').length).toBe(1);
  });

  it('is nothing without a value, and whole with one value or equal values', () => {
    expect(lineChart({ title: 't', xLabel: 'x', series: [{ name: 's', colour: 0, points: [[1, null]] }] })).toBe(undefined);
    for (const same of [
      [[3, 7]],
      [
        [3, 7],
        [4, 7],
      ],
    ] as [number, number][][]) {
      expect(lineChart({ title: 't', xLabel: 'x', series: [{ name: 's', colour: 0, points: same }] })?.markup).toContain('<circle');
    }
  });

  it('never writes NaN, whatever the numbers', () => {
    const value = fc.oneof(fc.constant(null), fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), (values) => {
        const markup =
          lineChart({
            title: 't',
            xLabel: 'x',
            series: [{ name: 's', colour: 0, points: values.map((y, x): [number, number | null] => [x, y]) }],
          })?.markup ?? '';
        expect(markup).not.toMatch(/NaN|Infinity|undefined/);
      }),
    );
  });
});

describe('intervalBar', () => {
  it('puts value, interval and reference at 200 units a whole', () => {
    const { markup } = intervalBar({ label: 'dog', value: 0.75, interval: [0.5, 0.9], reference: 0.1 });
    expect(elements(markup, 'rect')[0]).toMatchObject({ x: '0', width: '150' });
    const lines = elements(markup, 'line');
    expect(lines.filter((line) => line.class === 'interval').map((line) => [line.x1, line.x2])).toEqual([
      ['100', '180'],
      ['100', '100'],
      ['180', '180'],
    ]);
    expect(lines.find((line) => line.class === 'reference')).toMatchObject({ x1: '20', x2: '20' });
    expect(markup).toContain('aria-label="dog"');
  });

  it('draws no bar where there is no value', () => {
    expect(elements(intervalBar({ label: 'x', value: null, interval: null }).markup, 'rect')).toEqual([]);
  });
});

describe('confusionMatrix', () => {
  it('shades each cell by its share of the row and puts the count in it', () => {
    const classNames = ['a', 'b', 'c'];
    const counts = [
      [3, 1, 0],
      [0, 0, 2],
      [0, 0, 0],
    ];
    const { markup } = confusionMatrix({ title: 'Confusion', classNames, counts });
    const frame = confusionFrame(classNames);
    const shades = elements(markup, 'rect').filter((rect) => rect.class.startsWith('shade'));
    expect(shades.map((rect) => [rect.class, rect['fill-opacity'], Number(rect.x), Number(rect.y)])).toEqual(
      [
        ['shade right', '0.78', 0, 0], // 0.12 + 0.88 x 3/4
        ['shade wrong', '0.34', 1, 0], // 0.12 + 0.88 x 1/4
        ['shade wrong', '1', 2, 1],
      ].map(([kind, opacity, column, row]) => [
        kind,
        opacity,
        expect.closeTo(frame.x(Number(column)) + 1, 1),
        expect.closeTo(frame.y(Number(row)) + 1, 1),
      ]),
    );
    expect([...markup.matchAll(/class="count[^"]*"[^>]*>(\d+)</g)].map(([, n]) => n)).toEqual(['3', '1', '2']);
    expect(markup).toContain('<title>a predicted as b: 1 of 4</title>');
    // 16 characters of 5.9 end 8 before the cells, inside the picture though the names are short.
    expect(frame.left - 8 - 16 * 5.9).toBeGreaterThanOrEqual(0);
  });
});

describe('scatter', () => {
  const points = [
    { x: -2, y: 0, group: 0, title: 'p' },
    { x: 2, y: 1, group: 1, title: 'q', isHollow: true },
    { x: 0, y: -1, group: 7, title: 'r' },
  ];

  it('has one scale for both axes and puts points where it says', () => {
    const frame = scatterFrame(points);
    expect(Math.abs(frame.x(1) - frame.x(0))).toBeCloseTo(Math.abs(frame.y(1) - frame.y(0)), 9);
    const { markup } = scatter({ title: 't', points, xLabel: 'x', yLabel: 'y' });
    const circles = elements(markup, 'circle');
    expect(circles.flatMap(({ cx, cy }) => [Number(cx), Number(cy)])).toBeAllClose([frame.x(-2), frame.y(0), frame.x(2), frame.y(1)], {
      atol: 0.005,
    });
    expect(circles[1].class).toBe('marker hollow stroke-1');
    expect(elements(markup, 'rect').length).toBe(1); // class 7 is a square of the first colour
  });

  it('writes each class name at the median of its points, inside the frame, and moves names apart that would lie on each other', () => {
    const cloud = [-9, 0, 1, 2, 30].map((x) => ({ x, y: x / 2, group: 0, title: '' }));
    const frame = scatterFrame(cloud);
    const [alone] = placeLabels(cloud, ['dog', 'no clip'], frame);
    expect(alone).toEqual({ label: 'dog', x: frame.x(1), y: frame.y(0.5) });
    const twins = Array.from({ length: 28 }, (_, group) => ({ x: group % 2, y: 0, group, title: '' }));
    const names = twins.map((_, i) => `a long name of a class, ${i}`);
    const placed = placeLabels(twins, names, scatterFrame(twins));
    expect(placed.length).toBe(28);
    for (const { x, y, label } of placed) {
      expect(label).toBe('a long name of a class,…');
      expect(x).toBeGreaterThanOrEqual(46);
      expect(y).toBeGreaterThan(12);
      expect(y).toBeLessThan(420);
    }
    const gaps = placed.flatMap((one, i) => placed.slice(i + 1).map((other) => [Math.abs(one.x - other.x), Math.abs(one.y - other.y)]));
    // 24 characters of 9.4 wide, lines of 17.
    for (const [across, down] of gaps) expect(across >= 24 * 9.4 || down >= 17 - 1e-9).toBe(true);
    const { markup } = scatter({ title: 't', points: cloud, classNames: ['<dog>'], xLabel: 'x', yLabel: 'y' });
    expect(markup).toContain('&lt;dog&gt;</text>');
  });

  it('gives 28 classes different markers', () => {
    expect(new Set(Array.from({ length: 28 }, (_, i) => JSON.stringify(markerOf(i)))).size).toBe(28);
  });

  it('stays finite when all points are one', () => {
    expect(scatter({ title: 't', points: [points[0], points[0]], xLabel: 'x', yLabel: 'y' }).markup).not.toMatch(/NaN|Infinity/);
  });
});

describe('published numbers and intervals in a line chart', () => {
  const series = [
    {
      name: 'measured',
      colour: 0,
      shape: 'circle' as const,
      points: [
        [0.1, 0.5],
        [0.3, 0.7],
      ] as [number, number][],
      intervals: [
        [0.1, 0.4, 0.6],
        [0.3, 0.6, 0.8],
      ] as [number, number, number][],
    },
    { name: 'published', colour: 1, shape: 'square' as const, isPublished: true, points: [[0.2, 0.75]] as [number, number][] },
  ];

  it('are dashed and hollow, measured ones filled; each mark says its numbers', () => {
    const markup = lineChart({ title: 't', xLabel: 'x', yLabel: 'accuracy', series })?.markup ?? '';
    expect(elements(markup, 'path').map((path) => path.class)).toEqual([
      'whisker stroke-0',
      'whisker stroke-0',
      'curve stroke-0',
      'curve stroke-1 published',
    ]);
    expect(elements(markup, 'circle').map((one) => one.class)).toEqual(['marker fill-0', 'marker fill-0']);
    expect(elements(markup, 'rect').map((one) => one.class)).toEqual(['marker hollow stroke-1']);
    expect(markup).toContain('<title>published: 0.2, 0.75</title>');
    expect(markup).toContain('>accuracy<');
  });

  it('has whiskers from the low to the high end, inside the axes', () => {
    const frame = lineChartFrame({ series });
    const markup = lineChart({ title: 't', xLabel: 'x', series })?.markup ?? '';
    const [first] = elements(markup, 'path');
    const [low, high] = [...first.d.matchAll(/M[\d.]+ ([\d.]+)h6/g)].map(([, y]) => Number(y));
    expect([low, high]).toBeAllClose([frame?.y(0.4) ?? Number.NaN, frame?.y(0.6) ?? Number.NaN], { atol: 0.005 });
    // 0.8 is the end of an interval, above every point.
    expect(frame?.yTicks.at(-1)).toBeGreaterThanOrEqual(0.8);
    expect(frame?.yTicks[0]).toBeLessThanOrEqual(0.4);
  });
});

describe('drawings in table cells', () => {
  it('place values in per cent of the cell, with a margin, and stop at the ends', () => {
    const x = cellScale([0, 1]);
    expect([x(0), x(0.5), x(1), x(2), x(-1)]).toEqual(['1.5%', '50%', '98.5%', '98.5%', '1.5%']);
    expect(symmetricDomain([0.03, -0.12])).toEqual([-0.15, 0.15]);
    expect(symmetricDomain([])).toEqual([-0.05, 0.05]);
    expect(symmetricDomain([0.05])).toEqual([-0.05, 0.05]);
  });

  it('a pair is a filled bar over a hollow one, both to their value', () => {
    const { markup } = pairBar({
      label: 'dog',
      pair: [
        { value: 0.5, interval: [0.25, 0.75] },
        { value: 1, interval: null },
      ],
    });
    const bars = elements(markup, 'rect');
    expect(bars.map(({ class: kind, x, width }) => [kind, x, width])).toEqual([
      ['value tint-0', '1.5%', '48.5%'],
      ['value hollow-bar stroke-1', '1.5%', '97%'],
    ]);
    expect(Number(bars[1].y)).toBeGreaterThanOrEqual(Number(bars[0].y) + 10);
    expect(
      elements(markup, 'line')
        .filter((line) => line.class === 'interval')
        .map(({ x1, x2 }) => [x1, x2]),
    ).toEqual([
      ['25.75%', '74.25%'],
      ['25.75%', '25.75%'],
      ['74.25%', '74.25%'],
    ]);
  });

  it('a difference stands around zero in the middle', () => {
    const { markup } = differenceDot({ label: 'd', value: 0.05, interval: [-0.05, 0.1], domain: [-0.1, 0.1] });
    expect(elements(markup, 'line').find((line) => line.class === 'axis zero')).toMatchObject({ x1: '50%' });
    expect(elements(markup, 'circle')[0].cx).toBe('74.25%');
    expect(elements(differenceDot({ label: 'd', value: null, interval: null, domain: [-1, 1] }).markup, 'circle')).toEqual([]);
  });

  it('a published value is a ring of its own', () => {
    const { markup } = intervalDot({ label: 'd', value: 0.5, interval: null, published: 0.7 });
    expect(elements(markup, 'circle').map(({ class: kind, cx }) => [kind, cx])).toEqual([
      ['marker fill-0', '50%'],
      ['marker hollow published-mark', '69.4%'],
    ]);
  });
});

describe('reliabilityDiagram', () => {
  it('draws each bin’s accuracy, its mean confidence and its clips; an empty bin draws nothing', () => {
    const bins = [
      { low: 0, high: 0.5, numClips: 0, meanConfidence: null, accuracy: null },
      { low: 0.5, high: 1, numClips: 8, meanConfidence: 0.9, accuracy: 0.75 },
    ];
    const frame = reliabilityFrame(bins);
    const { markup } = reliabilityDiagram({ title: 'Reliability', bins });
    const [bar, clips, ...rest] = elements(markup, 'rect');
    expect(rest).toEqual([]);
    expect([Number(bar.y), Number(bar.height)]).toBeAllClose([frame.y(0.75), frame.y(0) - frame.y(0.75)], { atol: 0.005 });
    expect(Number(clips.height)).toBe(frame.strip.bottom - frame.strip.top);
    const [dot] = elements(markup, 'circle');
    expect([Number(dot.cx), Number(dot.cy)]).toBeAllClose([frame.x(0.9), frame.y(0.75)], { atol: 0.005 });
    expect(markup).toContain('8 clips, accuracy 75.0 %, mean confidence 90.0 %');
  });
});

describe('histogramChart', () => {
  it('draws shares of the pairs over the bins that hold any', () => {
    const series = [{ name: 's', colour: 0, low: 0, high: 2, counts: [0, 1, 3, 0], numPairs: 4, mean: 1.2 }];
    const frame = histogramFrame(series);
    expect(frame.xDomain).toEqual([0.5, 1.5]);
    const { markup } = histogramChart({ title: 'Distances', xLabel: 'distance', series });
    const [{ d }] = elements(markup, 'path');
    const numbers = [...d.matchAll(/[MVH]([\d.]+)(?: ([\d.]+))?/g)].flatMap(([, a, b]) =>
      b === undefined ? [Number(a)] : [Number(a), Number(b)],
    );
    expect(numbers).toBeAllClose([frame.x(0.5), frame.y(0), frame.y(0.25), frame.x(1), frame.y(0.75), frame.x(1.5), frame.y(0)], {
      atol: 0.005,
    });
    expect(Number(elements(markup, 'line').find((line) => line.class.includes('mean-line'))?.x1)).toBeCloseTo(frame.x(1.2), 2);
  });
});
