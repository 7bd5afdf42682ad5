import { MixwrightError } from '../../errors.js'
import { inferNames } from '../../formats/importers/index.js'
import type { ParsedTable } from '../../formats/importers/table.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import type { Compute, RecommendTask } from '../../studies/ports.js'
import { readInput } from '../input-files.js'
import type { PlacedError } from '../option-places.js'

/** As much as fits a person's patience and a machine's memory. */
const MAX_ROWS = 1_000_000

export interface CsvPair {
  mixtures: Buffer
  metrics: Buffer
  paths: PairPaths
  /** For errors, with the names of the files. */
  called: string
}

export interface PairPaths {
  mixtures: string
  metrics: string
}

/**
 * @param options that name the files: one for each, or one for both
 * @param called what the table is, at the beginning of a sentence
 * @throws UsageError for a file that cannot be read
 */
export async function readPair(
  { mixtures, metrics }: PairPaths,
  [first, second = first]: readonly [string, string?],
  called: string,
): Promise<CsvPair> {
  return {
    mixtures: await readInput(mixtures, first),
    metrics: await readInput(metrics, second),
    paths: { mixtures, metrics },
    called: `${called} (${mixtures}, ${metrics})`,
  }
}

/** The domains and metrics that the columns name. @throws MixwrightError that names the files */
export function namesOf(pair: CsvPair): Promise<ReturnType<typeof inferNames>> {
  return inTable(pair, async () => inferNames(pair.mixtures, pair.metrics))
}

export interface ParsedPair {
  source: RecommendTask['training']
  warnings: ParsedTable['warnings']
}

/** What the runs of a pair are. */
export interface PairRole {
  /** Default: the one closest to the target run. */
  fidelity?: string
  /** Name of the hold-out; training runs when left out. */
  holdout?: string
}

/**
 * Parses a pair of files as an import would.
 * @throws MixwrightError `rows-invalid` with what is wrong, and the names of the files
 */
export async function parsePair(
  compute: Compute,
  problem: CompleteProblem,
  pair: CsvPair,
  { fidelity = closestTo(problem), holdout = '' }: PairRole,
): Promise<ParsedPair> {
  const { mixtures, metrics, called } = pair
  const role = holdout === '' ? 'train' : 'holdout'
  const options = { role, holdout, fidelity, dryRun: false } as const
  const pages: string[] = []
  const table = await inTable(pair, () =>
    compute.parseTable(
      {
        problem,
        upload: { format: 'csv', mixtures, metrics },
        options,
        maxRows: MAX_ROWS,
      },
      async () => {},
      async (rowsJson) => {
        pages.push(rowsJson)
      },
    ),
  )
  if (table.problemCount > 0) {
    const count = table.problemCount === 1 ? 'a problem' : `${table.problemCount} problems`
    throw new MixwrightError('rows-invalid', `${called} has ${count}.`, table.problems)
  }
  return { source: { fidelity: table.fidelity, pages }, warnings: table.warnings }
}

function closestTo({ fidelities }: CompleteProblem): string {
  const [{ name }] = fidelities.toSorted((a, b) => b.order - a.order)
  return name
}

/** Says of a refusal which files it is about. */
async function inTable<T>({ paths, called }: CsvPair, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof MixwrightError)) throw error
    const errors = error.errors.map((one): PlacedError => {
      if (one.pointer === '/mixtures') return { ...one, option: paths.mixtures }
      return one.pointer === '/metrics' ? { ...one, option: paths.metrics } : one
    })
    throw new MixwrightError(error.code, `${called}: ${error.message}`, errors)
  }
}
