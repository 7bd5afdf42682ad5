import { type FieldError, MixwrightError } from '../errors.js'
import { nameList } from '../optimizers/name-list.js'
import type { CompleteProblem } from '../optimizers/problem.js'
import type { Optimizer } from '../optimizers/types.js'
import { chooseFidelity } from './fits.js'
import type { RunPages } from './ports.js'
import type { InlineRun, InlineStudy, InlineTrainingRun } from './recommendations.js'

/** Training runs of one fidelity, out of a list that has others between them. */
export interface GroupedRuns {
  fidelity: string
  runs: InlineRun[]
  /** Of each its place in the list. */
  places: number[]
}

/** The fidelity that is fitted. @throws MixwrightError `validation-failed` for one that the problem does not have */
export function inlineFidelity(
  problem: CompleteProblem,
  { runs, fidelity }: Pick<InlineStudy, 'runs' | 'fidelity'>,
): string {
  const isSaid = runs.every((run) => run.fidelity !== undefined)
  const said = isSaid ? runs.map((run) => run.fidelity as string) : []
  return chooseFidelity({ problem }, new Set(said), fidelity)
}

/**
 * The runs by fidelity, those that are fitted first, also when they are none.
 * @throws MixwrightError `validation-failed` naming the runs at fidelities that the problem does not have, or that the method has no
 *   use for
 */
export function groupRuns(
  { fidelities }: CompleteProblem,
  method: Optimizer,
  runs: readonly InlineTrainingRun[],
  fitted: string,
): GroupedRuns[] {
  const names = fidelities.map(({ name }) => name)
  const tables = new Map<string, GroupedRuns>()
  const tableAt = (fidelity: string) => {
    const table = tables.get(fidelity) ?? { fidelity, runs: [], places: [] }
    tables.set(fidelity, table)
    return table
  }
  tableAt(fitted)
  const errors: FieldError[] = []
  runs.forEach(({ fidelity = fitted, ...run }, i) => {
    const pointer = `/runs/${i}/fidelity`
    if (!names.includes(fidelity))
      errors.push({ pointer, detail: `"${fidelity}" is not among ${nameList(names)}.` })
    else if (fidelity !== fitted && !method.capabilities.fidelities)
      errors.push({ pointer, detail: `${method.name} learns from one fidelity, here "${fitted}".` })
    const table = tableAt(fidelity)
    table.runs.push(run)
    table.places.push(i)
  })
  if (errors.length === 0) return [...tables.values()]
  throw new MixwrightError(
    'validation-failed',
    'There are runs at fidelities that cannot be learned from.',
    errors.slice(0, MOST_ERRORS),
  )
}

const MOST_ERRORS = 100

/** Checks the runs of a table; what is wrong with them is said of their places in the whole list. */
export async function checkedTable(
  { fidelity, runs, places }: GroupedRuns,
  check: (runs: InlineRun[], fidelity: string) => Promise<RunPages>,
): Promise<RunPages> {
  if (runs.length === 0) return { fidelity, pages: [] }
  try {
    return await check(runs, fidelity)
  } catch (error) {
    if (!(error instanceof MixwrightError)) throw error
    const inList = (text: string) =>
      text.replace(/\/runs\/(\d+)/g, (_, place: string) => `/runs/${places[Number(place)]}`)
    const errors = error.errors.map(({ pointer, detail }) => ({
      pointer: inList(pointer),
      detail: inList(detail),
    }))
    throw new MixwrightError(error.code, error.message, errors)
  }
}
