import { mean, type Rows, unit } from './oracles.js';

/** The losses of pairs as loops in float64, the definitions word for word; rows of one label are positives of one another. */
interface Anchor {
  /** Cosines with the anchor. */
  positives: number[];
  negatives: number[];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const exps = (values: readonly number[], temperature: number): number => sum(values.map((value) => Math.exp(value / temperature)));
const distance = (cosine: number): number => Math.sqrt(Math.max(0, 2 - 2 * cosine));

export function anchorsOf(rows: Rows, labels: readonly number[]): Anchor[] {
  const units = rows.map(unit);
  return units.map((anchor, i) => {
    const cosines = units.map((other) => sum(other.map((value, d) => value * anchor[d])));
    const others = (isSame: boolean) => cosines.filter((_, j) => j !== i && (labels[j] === labels[i]) === isSame);
    return { positives: others(true), negatives: others(false) };
  });
}

const meanOverAnchors = (anchors: Anchor[], loss: (anchor: Anchor) => number): number =>
  mean(anchors.filter(({ positives }) => positives.length > 0).map(loss));

export const supConLoops = (anchors: Anchor[], temperature: number): number =>
  meanOverAnchors(anchors, ({ positives, negatives }) => {
    const all = exps([...positives, ...negatives], temperature);
    return mean(positives.map((p) => -Math.log(Math.exp(p / temperature) / all)));
  });

export const ownNegativesLoops = (anchors: Anchor[], temperature: number): number =>
  meanOverAnchors(anchors, ({ positives, negatives }) =>
    mean(positives.map((p) => Math.log(1 + sum(negatives.map((n) => Math.exp((n - p) / temperature)))))),
  );

export const tclLoops = (anchors: Anchor[], { temperature, k1, k2 }: { temperature: number; k1: number; k2: number }): number =>
  meanOverAnchors(anchors, ({ positives, negatives }) => {
    const d = exps(positives, temperature) + k1 * sum(positives.map((p) => Math.exp(-p))) + k2 * exps(negatives, temperature);
    return mean(positives.map((p) => -Math.log(Math.exp(p / temperature) / d)));
  });

export function pairMarginLoops(anchors: Anchor[], { margin, form, average }: { margin: number; form: string; average: string }): number {
  const power = form === 'squared' ? 2 : 1;
  const pull = anchors.flatMap(({ positives }) => positives.map((p) => distance(p) ** power / 2));
  const push = anchors.flatMap(({ negatives }) => negatives.map((n) => Math.max(0, margin - distance(n)) ** power / 2));
  if (average === 'pairs') return mean([...pull, ...push]);
  const over = (values: number[]) => (average === 'kinds' ? values : values.filter((value) => value > 0));
  return (over(pull).length > 0 ? mean(over(pull)) : 0) + (over(push).length > 0 ? mean(over(push)) : 0);
}

export function tripletLoops(
  anchors: Anchor[],
  { margin, mining, squared, average }: { margin: number; mining: string; squared: boolean; average: string },
): number {
  const length = (cosine: number) => distance(cosine) ** (squared ? 2 : 1);
  const terms = anchors.flatMap(({ positives, negatives }) =>
    positives.flatMap((positive) =>
      negatives.flatMap((negative) => {
        const [p, n] = [length(positive), length(negative)];
        const isMined = { all: true, hard: n <= p, semiHard: n > p && n < p + margin, easy: n >= p + margin }[mining];
        return isMined ? [Math.max(0, p - n + margin)] : [];
      }),
    ),
  );
  const counted = average === 'mined' ? terms : terms.filter((term) => term > 0);
  return counted.length > 0 ? mean(counted) : 0;
}

export const nceLoops = (anchors: Anchor[], { temperature, meanExponential }: { temperature: number; meanExponential: number }): number =>
  meanOverAnchors(anchors, ({ positives, negatives }) => {
    // P = exp / Z, P_n = 1 / N, and only Z / N matters.
    const h = (cosine: number) => {
      const e = Math.exp(cosine / temperature) / meanExponential;
      return e / (e + negatives.length);
    };
    return mean(positives.map((p) => -Math.log(h(p)))) - sum(negatives.map((n) => Math.log(1 - h(n))));
  });
