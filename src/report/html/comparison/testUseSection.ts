import type { RunReport } from '../../collectRun.js';
import { counted, integer } from '../../format.js';
import { type Child, h } from '../../markup.js';
import { selectionOf } from '../../selection.js';
import { details, table } from '../parts.js';

/** How checkpoints were chosen, and how often the test clips were looked at. */
export function testUseSection(runs: readonly RunReport[]): Child {
  const words = [...new Set(runs.filter(({ log }) => log.monitors.length > 0).map((run) => selectionOf(run).words))];
  return [
    h('p', { class: 'finding' }, testUseFinding(runs)),
    h(
      'p',
      {},
      words.length > 0 && `Best checkpoints are those with ${words.join(' or ')} on the validation clips. `,
      'Training and the choice of checkpoints read training and validation clips only. The more often test clips are looked at while decisions are made, the less their numbers say.',
    ),
    details(
      `Looks at the test clips of ${counted(runs.length, 'run')}`,
      table({
        kind: 'narrow',
        caption: 'Evaluations on the test split noted by each run',
        columns: [
          { head: 'Run' },
          { head: 'Looks', isNumber: true },
          { head: 'Different evaluations', isNumber: true },
          { head: 'Repeated' },
        ],
        rows: runs.map((run) => {
          const repeated = repeatsOf(run);
          return {
            cells: [
              run.name,
              integer(run.testAccess.length),
              integer(new Set(run.testAccess.map(({ evaluation }) => evaluation)).size),
              repeated.join(', '),
            ],
          };
        }),
      }),
    ),
  ];
}

function testUseFinding(runs: readonly RunReport[]): string {
  const looks = runs.reduce((sum, { testAccess }) => sum + testAccess.length, 0);
  if (looks === 0) return 'The test clips have not been looked at.';
  const repeated = runs.filter((run) => repeatsOf(run).length > 0);
  const once =
    repeated.length === 0 ? 'no evaluation was repeated on them' : `${counted(repeated.length, 'run')} repeated an evaluation on them`;
  return `The runs looked at their test clips ${looks === 1 ? 'once' : `${integer(looks)} times`} in all, and ${once}.`;
}

/** Evaluations that a run made more than once on the test clips. */
function repeatsOf({ testAccess }: RunReport): string[] {
  const names = testAccess.map(({ evaluation }) => evaluation);
  return [...new Set(names)].filter((name) => names.filter((other) => other === name).length > 1);
}
