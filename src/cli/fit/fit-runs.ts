import type { ParsedTable } from '../../formats/importers/table.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import type { Compute, RecommendTask, RunPages } from '../../studies/ports.js'
import type { FidelityFiles } from './fidelity-files.js'
import type { HoldoutFiles } from './holdouts.js'
import { type CsvPair, parsePair, readPair } from './tables.js'

/** The files of a fit. */
export interface FitFiles {
  /** What is fitted, read already. */
  pair: CsvPair
  /** Runs at other fidelities. */
  lower: readonly FidelityFiles[]
  holdouts: readonly HoldoutFiles[]
}

export interface TableWarnings {
  table: string
  warnings: ParsedTable['warnings']
}

export interface FitRuns extends Pick<RecommendTask, 'training' | 'holdouts'> {
  others: RunPages[]
  tableWarnings: TableWarnings[]
}

/**
 * Parses all tables.
 * @throws UsageError for files that cannot be read, MixwrightError for what is wrong in them
 */
export async function readRuns(
  compute: Compute,
  problem: CompleteProblem,
  { pair, lower, holdouts }: FitFiles,
): Promise<FitRuns> {
  const training = await parsePair(compute, problem, pair, {})
  const tableWarnings = [{ table: 'runs', warnings: training.warnings }]
  const others: RunPages[] = []
  for (const { fidelity, ...paths } of lower) {
    const files = await readPair(paths, ['--lower'], `The table of "${fidelity}"`)
    const { source, warnings } = await parsePair(compute, problem, files, { fidelity })
    others.push(source)
    tableWarnings.push({ table: fidelity, warnings })
  }
  const scored: FitRuns['holdouts'] = []
  for (const { name, ...paths } of holdouts) {
    const files = await readPair(paths, ['--holdout'], `The hold-out "${name}"`)
    const { source, warnings } = await parsePair(compute, problem, files, { holdout: name })
    scored.push({ name, ...source })
    tableWarnings.push({ table: name, warnings })
  }
  return { training: training.source, others, holdouts: scored, tableWarnings }
}
