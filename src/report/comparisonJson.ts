import type { ComparisonReport, ValidationComparison } from './comparisonReport.js';
import type { PaperRow, PaperTable1Row } from './paperTables.js';
import type { SystemRow } from './systemRow.js';

/** The comparison for programs: systems without their predictions, and named instead of repeated in the paper's tables. */
export type ComparisonJson = Omit<ComparisonReport, 'rows' | 'table1' | 'table2' | 'verdicts' | 'onValidation'> & {
  systems: SystemJson[];
  table1: (Omit<PaperTable1Row, 'base' | 'margin'> & { base: PaperRowJson; margin: PaperRowJson })[] | null;
  table2: PaperRowJson[] | null;
  verdicts: ComparisonReport['verdicts'] | null;
  /** Where only some of the runs were tested. */
  onValidation: (Omit<ValidationComparison, 'rows'> & { systems: SystemJson[] }) | { refused: string } | null;
};

type SystemJson = Omit<SystemRow, 'system' | 'perClass'> &
  Omit<SystemRow['system'], 'ids' | 'labels' | 'groups' | 'predicted' | 'correct'> & {
    numClips: number;
    perClass: ({ label: string } & SystemRow['perClass'][number])[];
  };
type PaperRowJson = Omit<PaperRow, 'row'> & { system: string | null; micro: SystemRow['micro'] | null };

export function comparisonJson({ rows, table1, table2, verdicts, onValidation, ...rest }: ComparisonReport): ComparisonJson {
  return {
    ...rest,
    systems: rows.map(systemJson),
    table1: table1?.map(({ base, margin, ...row }) => ({ ...row, base: paperRowJson(base), margin: paperRowJson(margin) })) ?? null,
    table2: table2?.map(paperRowJson) ?? null,
    verdicts: verdicts ?? null,
    onValidation: onValidation === undefined ? null : 'refused' in onValidation ? onValidation : validationJson(onValidation),
  };
}

function validationJson({ rows, ...rest }: ValidationComparison): Omit<ValidationComparison, 'rows'> & { systems: SystemJson[] } {
  return { ...rest, systems: rows.map(systemJson) };
}

function systemJson({ system, perClass, ...scores }: SystemRow): SystemJson {
  const { ids, labels: _labels, groups: _groups, predicted: _predicted, correct: _correct, ...described } = system;
  return { ...described, numClips: ids.length, ...scores, perClass: perClass.map((one, k) => ({ label: system.classNames[k], ...one })) };
}

function paperRowJson({ row, ...rest }: PaperRow): PaperRowJson {
  return { ...rest, system: row?.system.name ?? null, micro: row?.micro ?? null };
}
