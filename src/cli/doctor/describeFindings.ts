import type { Finding } from './finding.js';

const marks: Record<Finding['state'], string> = { ok: 'ok', optional: '-', slower: 'slower', broken: 'BROKEN' };

/** The findings as aligned lines, and under each that is not `ok` what to type. */
export function describeFindings(findings: readonly Finding[]): string {
  const widest = Math.max(...findings.map(({ what }) => what.length));
  const widestMark = Math.max(...findings.map(({ state }) => marks[state].length));
  const lines = findings.flatMap(({ what, state, found, remedy }) => {
    const head = `${marks[state].padEnd(widestMark)}  ${what.padEnd(widest)}  `;
    return [`${head}${found}`, ...(remedy === undefined ? [] : [`${' '.repeat(head.length)}to get it: ${remedy}`])];
  });
  return `${lines.join('\n')}\n`;
}
