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

export interface ParsedPair {
  source: RecommendTask['training']
  warnings: ParsedTable['warnings']
}

/**
 * Parses a pair of files as an import at the fidelity closest to the target run would.
 * @param holdout name of the hold-out; '' for training runs
 * @throws MixwrightError `rows-invalid` with what is wrong
 */
export function parsePair(
  compute: Compute,
  problem: CompleteProblem,
  pair: CsvPair,
  holdout: string,
): Promise<ParsedPair> {
  const isTraining = holdout === ''
  const [{ name: fidelity }] = problem.fidelities.toSorted((a, b) => b.order - a.order)
  const role = isTraining ? 'train' : 'holdout'
  const options = { role, holdout, fidelity, dryRun: false } as const
  const called = isTraining ? 'The run table' : `The hold-out "${holdout}"`
  return parse(compute, problem, pair, options, called)
}

/**
 * Parses a pair of files as an import of training runs at a fidelity would.
 * @throws MixwrightError `rows-invalid` with what is wrong
 */
export function parsePairAt(
  compute: Compute,
  problem: CompleteProblem,
  pair: CsvPair,
  fidelity: string,
): Promise<ParsedPair> {
  const options = { role: 'train', holdout: '', fidelity, dryRun: false } as const
  return parse(compute, problem, pair, options, `The table of "${fidelity}"`)
}

async function parse(
  compute: Compute,
  problem: CompleteProblem,
  pair: CsvPair,
  options: ImportOptions,
  called: string,
): Promise<ParsedPair> {
  const pages: string[] = []
  const table = await compute.parseTable(
    { problem, upload: { format: 'csv', ...pair }, options, maxRows: MAX_ROWS },
    async () => {},
    async (rowsJson) => {
      pages.push(rowsJson)
    },
  )
  if (table.problemCount > 0) {
    const count = table.problemCount === 1 ? 'a problem' : `${table.problemCount} problems`
    throw new MixwrightError('rows-invalid', `${called} has ${count}.`, table.problems)
  }
  return { source: { fidelity: table.fidelity, pages }, warnings: table.warnings }
}
