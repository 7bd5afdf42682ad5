import { MixwrightError } from '../errors.js'
import { nameList } from '../optimizers/name-list.js'
import type { CompleteProblem } from '../optimizers/problem.js'
import type { StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { fittableRuns } from './fittable-runs.js'
import type { Limits } from './limits.js'
import type { Compute, RunPages } from './ports.js'
import { checkedRuns, type InlineRun } from './recommendations.js'

/** Runs as a caller sends them. */
export interface InlineTable {
  /** Default: the problem's only one. */
  fidelity?: string
  runs: InlineRun[]
}

/** Ids of what a study's runs are read from, so that they can be read again. */
export interface StudyRuns {
  importIds: string[]
  trialIds: string[]
}

/**
 * What a study's methods learn from: imported training runs, and completed trials.
 * @throws MixwrightError `validation-failed` where there is none, `backtest-too-large`
 */
export async function findStudyRuns(
  store: Store,
  study: StudyRecord,
  limits: Limits,
): Promise<StudyRuns> {
  const { imports, trials } = await fittableRuns(store, study.id)
  const training = imports.filter(({ role }) => role === 'train')
  const count = training.reduce((sum, { rowCount }) => sum + rowCount, 0) + trials.length
  if (count === 0) {
    throw new MixwrightError('validation-failed', 'There is nothing to replay.', [
      {
        pointer: '/study',
        detail: 'The study has no training runs: import some, or wait until trials have completed.',
      },
    ])
  }
  const { backtestRuns, inlineRuns } = limits
  const advice = `send up to ${inlineRuns} of them in \`tables\``
  refuseMany(count, backtestRuns, advice)
  return { importIds: training.map(({ id }) => id), trialIds: trials.map(({ id }) => id) }
}

/** The runs by fidelity, in the order of the problem's fidelities; those of imports first, oldest first. */
export async function readStudyRuns(
  store: Store,
  { id, problem }: Pick<StudyRecord, 'id' | 'problem'>,
  used: StudyRuns,
): Promise<RunPages[]> {
  const [imports, trials] = [new Set(used.importIds), new Set(used.trialIds)]
  const found = await fittableRuns(store, id)
  const runs: RunPages[] = []
  for (const { name: fidelity } of problem.fidelities) {
    const at = (one: { fidelity: string }) => one.fidelity === fidelity
    const importIds = found.imports.filter(at).map((table) => table.id)
    const trialIds = found.trials.filter(at).map((trial) => trial.id)
    const pages = [
      ...(await allPages(store.imports.readRows(importIds.filter((one) => imports.has(one))))),
      ...(await allPages(store.trials.readRows(trialIds.filter((one) => trials.has(one))))),
    ]
    if (pages.length > 0) runs.push({ fidelity, pages })
  }
  return runs
}

async function allPages(pages: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const page of pages) all.push(page)
  return all
}

/** @throws MixwrightError `validation-failed` for a table that does not say which of the problem's fidelities it is of */
export function nameTables(
  { fidelities }: CompleteProblem,
  tables: readonly InlineTable[],
): Required<InlineTable>[] {
  const names = fidelities.map(({ name }) => name)
  const only = names.length === 1 ? names[0] : undefined
  const named = tables.map(({ fidelity = only, runs }) => ({ fidelity, runs }))
  const errors = named.flatMap(({ fidelity }, i) => {
    if (fidelity !== undefined && names.includes(fidelity)) return []
    const said = fidelity === undefined ? 'It is missing' : `"${fidelity}" is no fidelity`
    const detail = `${said}; the problem has ${nameList(names)}.`
    return [{ pointer: `/tables/${i}/fidelity`, detail }]
  })
  if (errors.length === 0) return named as Required<InlineTable>[]
  throw new MixwrightError('validation-failed', 'It is not clear where runs were made.', errors)
}

/**
 * The same checks as an import's.
 * @throws MixwrightError `rows-invalid`, `backtest-too-large`
 */
export async function parseInlineRuns(
  compute: Pick<Compute, 'parseTable'>,
  problem: CompleteProblem,
  tables: readonly Required<InlineTable>[],
  limits: Limits,
): Promise<RunPages[]> {
  const count = tables.reduce((sum, { runs }) => sum + runs.length, 0)
  const most = limits.inlineRuns
  refuseMany(count, most, `leave out ${count - most}, such as runs far below the target`)
  return Promise.all(
    tables.map(({ fidelity, runs }, i) =>
      checkedRuns(compute, problem, runs, fidelity, `/tables/${i}`, limits),
    ),
  )
}

function refuseMany(count: number, most: number, advice: string): void {
  if (count <= most) return
  throw new MixwrightError(
    'backtest-too-large',
    `There are ${count} runs, and at most ${most} are taken: ${advice}, or replay them on your own machine with \`mixwright backtest\`.`,
  )
}
