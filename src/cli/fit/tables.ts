import { MixwrightError } from '../../errors.js'
import type { ImportOptions, ParsedTable } from '../../formats/importers/table.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import type { Compute, RecommendTask } from '../../studies/ports.js'
import { readInput } from '../input-files.js'

/** As much as fits a person's patience and a machine's memory. */
const MAX_ROWS = 1_000_000

export interface CsvPair {
  mixtures: Buffer
  metrics: Buffer
}

export async function readPair(
  mixtures: string,
  metrics: string,
  option: string,
): Promise<CsvPair> {
  return {
    mixtures: await readInput(mixtures, option === '' ? '--mixtures' : option),
    metrics: await readInput(metrics, option === '' ? '--metrics' : option),
  }
}

/**
 * Parses a pair of files as an import would.
 * @param holdout name of the hold-out; '' for training runs
 * @throws MixwrightError `rows-invalid` with what is wrong
 */
export async function parsePair(
  compute: Compute,
  problem: CompleteProblem,
  pair: CsvPair,
  holdout: string,
): Promise<{ source: RecommendTask['training']; warnings: ParsedTable['warnings'] }> {
  const options: ImportOptions = {
    role: holdout === '' ? 'train' : 'holdout',
    holdout,
    dryRun: false,
  }
  const pages: string[] = []
  const table = await compute.parseTable(
    { problem, upload: { format: 'csv', ...pair }, options, maxRows: MAX_ROWS },
    async () => {},
    async (rowsJson) => {
      pages.push(rowsJson)
    },
  )
  if (table.problemCount > 0) {
    const of = holdout === '' ? 'The run table' : `The hold-out "${holdout}"`
    const count = table.problemCount === 1 ? 'a problem' : `${table.problemCount} problems`
    throw new MixwrightError('rows-invalid', `${of} has ${count}.`, table.problems)
  }
  return { source: { fidelity: table.fidelity, pages }, warnings: table.warnings }
}
