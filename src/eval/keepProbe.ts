import { dirname } from 'node:path';
import { saveProbe } from '../model/keptProbe.js';
import { type EvaluationInput, evaluationPaths } from '../run/evaluationRecord.js';
import type { RunFolder } from '../run/runFolder.js';
import { UsageError } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';
import { packageVersion } from '../util/packageVersion.js';
import type { EvaluateOptions } from './evaluateOptions.js';
import type { ProtocolResult } from './protocols.js';

/** Throws UsageError where no probe of the frozen encoder will be there to be kept. */
export function checkKeepProbe({ keepProbe, protocol, options }: Pick<EvaluateOptions, 'keepProbe' | 'protocol' | 'options'>): void {
  if (keepProbe === undefined) return;
  if (protocol !== 'linear') throw new UsageError(`evaluate: --keep-probe keeps the linear probe, got --protocol ${protocol}; use linear`);
  if (options?.compat.probeTrainMode === true) {
    throw new UsageError(
      'evaluate: with compat.probeTrainMode the encoder drifts along with its probe, which alone is of no use; turn it off',
    );
  }
}

/** Writes the probe of an evaluation and gives its path. */
export async function keepProbe(
  to: string | true,
  {
    run,
    name,
    record: { classNames, checkpoint, checkpointSha256, clipMacroAccuracy },
    result,
  }: { run: RunFolder; name: string; record: EvaluationInput; result: ProtocolResult },
): Promise<string> {
  const path = to === true ? evaluationPaths(run, name).probe : to;
  await makeFolder(dirname(path));
  await saveProbe(path, {
    ...(result.probe as Required<ProtocolResult>['probe']),
    facts: {
      ...{ schemaVersion: 1, classNames, encoder: { checkpoint, sha256: checkpointSha256 } },
      ...{ evaluation: name, clipMacroAccuracy, version: packageVersion() },
    },
  });
  return path;
}
