import { type FieldError, MixwrightError } from '../errors.js'
import { type Evaluations, evaluationConflicts } from '../formats/importers/index.js'
import type { ParsedTable } from '../formats/importers/table.js'
import type { ImportRecord } from '../store/records.js'
import type { DuplicateRunError } from '../store/store.js'

/** Why a table is not imported. */

export function invalidRows(table: ParsedTable): MixwrightError {
  const { problemCount, problems } = table
  const shown = problemCount > problems.length ? `; the first ${problems.length} are listed` : ''
  return new MixwrightError(
    'rows-invalid',
    `The table has ${problemCount} problem${problemCount === 1 ? '' : 's'}${shown}. No row was imported.`,
    problems,
  )
}

export function alreadyImported({ runIds }: DuplicateRunError): MixwrightError {
  return new MixwrightError(
    'run-already-imported',
    `These run ids are already in the study for the same role, hold-out and fidelity: ${runIds.join(', ')}. No row was imported.`,
    runIds.map((id) => ({ pointer: '/rows', detail: `run "${id}" was imported before` })),
  )
}

export function incompatible(conflicts: readonly FieldError[]): MixwrightError {
  const more = conflicts.length > 1 ? `, and ${conflicts.length - 1} more` : ''
  return new MixwrightError(
    'evaluations-incompatible',
    `Runs that were evaluated in different ways cannot be compared: ${conflicts[0].detail}${more}. No row was imported.`,
    conflicts,
  )
}

/** @throws MixwrightError `evaluations-incompatible` when the table contradicts an earlier import */
export function refuseIncompatible(earlier: readonly ImportRecord[], table: ParsedTable): void {
  const conflicts = conflictsWith(earlier, table)
  if (conflicts.length > 0) throw incompatible(conflicts)
}

/** The table of a dry run, with what contradicts itself or earlier imports of its study among the problems. */
export function withConflicts(table: ParsedTable, imports: readonly ImportRecord[]): ParsedTable {
  const earlier = imports.filter(({ fidelity }) => fidelity === table.fidelity)
  const conflicts = [...(table.conflicts ?? []), ...conflictsWith(earlier, table)]
  return {
    ...table,
    problems: [...table.problems, ...conflicts].slice(0, 100),
    problemCount: table.problemCount + conflicts.length,
  }
}

function conflictsWith(
  earlier: readonly ImportRecord[],
  { evaluations }: ParsedTable,
): FieldError[] {
  if (!evaluations) return []
  const later = { evaluations, place: 'this one' }
  return earlier.flatMap((record) =>
    record.evaluations === null
      ? []
      : evaluationConflicts(
          { evaluations: record.evaluations as Evaluations, place: `the import ${record.id}` },
          later,
        ),
  )
}
