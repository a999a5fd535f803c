import type { RunReport } from '../collectRun.js';
import { configDifferences } from '../configDifferences.js';
import { capital, counted, dateTime, integer, none, number } from '../format.js';
import { type Child, h } from '../markup.js';
import { details, empty, facts, table } from './parts.js';

/** How often the test clips were looked at, and for what. */
export function testAccessSection({ testAccess, splitCounts }: RunReport): Child {
  const numTest = splitCounts?.test ?? 0;
  if (testAccess.length === 0) {
    return empty(
      numTest === 0 && splitCounts !== undefined
        ? 'This run has no test split.'
        : 'The test clips have not been looked at. Training and the choice of a checkpoint read training and validation clips only.',
    );
  }
  return [
    h(
      'p',
      {},
      testAccess.length === 1 ? 'The test clips were looked at once.' : `The test clips were looked at ${testAccess.length} times.`,
      ' Training and the choice of a checkpoint read training and validation clips only. The more often a test set is looked at while decisions are made, the less its numbers say.',
    ),
    table({
      kind: 'narrow',
      caption: 'Every evaluation on the test split, oldest first',
      columns: [
        { head: 'Time' },
        { head: 'Protocol' },
        { head: 'Seed', isNumber: true },
        { head: 'Clips', isNumber: true },
        { head: 'Checkpoint' },
        { head: 'sha256' },
      ],
      rows: testAccess.map((access) => ({
        cells: [
          dateTime(access.time),
          access.protocol,
          String(access.seed),
          integer(access.numClips),
          access.checkpoint,
          h('code', {}, access.checkpointSha256.slice(0, 12)),
        ],
      })),
    }),
  ];
}

/** The whole resolved config. */
export function configSection({ configText, configHash }: RunReport): Child {
  return [
    h(
      'p',
      {},
      'The resolved config as it stands in config.yaml; ',
      h('code', {}, 'audiossl pretrain --config config.yaml'),
      ' runs it again. sha256 of its canonical JSON: ',
      h('code', {}, configHash),
      '.',
    ),
    details('Show the config', h('pre', { tabindex: '0' }, configText)),
  ];
}

/** The config keys in which runs differ, a column a run. */
export function differencesSection(runs: readonly RunReport[]): Child {
  const differences = configDifferences(runs.map(({ config }) => config));
  if (differences.length === 0) return empty('The configs of these runs are equal.');
  return table({
    kind: 'narrow',
    caption: 'Config keys with different values',
    columns: [{ head: 'Key' }, ...runs.map(({ name }) => ({ head: name }))],
    rows: differences.map(({ key, values }) => ({ cells: [h('code', {}, key), ...values.map((value) => h('code', {}, value))] })),
  });
}

/** Commands, versions and machines. */
export function environmentSection(run: RunReport): Child {
  const { starts } = run.log;
  const start = starts.at(-1);
  return [
    start === undefined
      ? empty('No start record: the command and the machine are not known.')
      : facts([
          ['Command', h('code', {}, commandText(start.command))],
          ...Object.entries(start.environment ?? {}).map(([name, value]) => [capital(name), value] as const),
          ['Backend', [start.backend, start.device, start.precision, counted(start.threads, 'thread')].join(', ')],
          [
            'Versions',
            Object.entries(start.versions)
              .map(([name, version]) => `${name} ${version}`)
              .join(', '),
          ],
          ['Front end', start.frontEndHash && h('code', {}, start.frontEndHash.slice(0, 16))],
          ['Split', start.splitSha256 && h('code', {}, start.splitSha256.slice(0, 16))],
          ['Notes', (start.notes ?? []).join('; ')],
        ]),
    starts.length > 1 &&
      table({
        caption: 'The run was taken up again',
        columns: [{ head: 'Started' }, { head: 'From step', isNumber: true }, { head: 'Command' }],
        rows: starts.map((record) => ({
          cells: [dateTime(record.time), integer(record.resumedFromStep ?? 0), h('code', {}, commandText(record.command))],
        })),
      }),
    run.evaluations.length > 0 &&
      table({
        caption: 'Evaluations',
        columns: [{ head: 'Time' }, { head: 'Command' }, { head: 'Checkpoint' }, { head: 'Seconds', isNumber: true }],
        rows: run.evaluations.map(({ record }) => ({
          cells: [
            dateTime(record.time),
            h('code', {}, commandText(record.command)),
            [
              record.checkpointEpoch === null ? record.checkpoint : `${record.checkpoint} (epoch ${record.checkpointEpoch})`,
              ' ',
              h('code', {}, record.checkpointSha256.slice(0, 12)),
            ],
            Object.keys(record.seconds).length === 0
              ? none
              : number(
                  Object.values(record.seconds).reduce((sum, value) => sum + value, 0),
                  3,
                ),
          ],
        })),
      }),
  ];
}

/** Words of a command as a shell would take them. */
export function commandText(command: readonly string[]): string {
  return command.map((word) => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
