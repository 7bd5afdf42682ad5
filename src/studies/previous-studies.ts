import { type FieldError, MixwrightError } from '../errors.js'
import { metricsOfObjective } from '../optimizers/objective.js'
import type { CompleteProblem } from '../optimizers/problem.js'
import { OPTIMIZERS } from '../optimizers/registry.js'
import type { FitRecord, ImportRecord, StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { completeImports } from './imports.js'
import { type RunSource, sourcesByFidelity } from './run-sources.js'

/** An earlier study that a method learns from, too, as its parameter `previous` names it. */
export interface PreviousStudy {
  study: string
  /**
   * `warm-start`: its runs count as runs of the fidelities of the same names. `fidelity`: they are fidelities of their own, named
   * `previous:<study>:<fidelity>`.
   */
  use: 'warm-start' | 'fidelity'
}

type Params = Pick<FitRecord, 'method' | 'params'>

/** Of methods that have the parameter. */
export function previousOf({ method, params }: Params): PreviousStudy[] {
  const schema = OPTIMIZERS.get(method)?.paramsSchema as { properties?: object } | undefined
  if (!Object.hasOwn(schema?.properties ?? {}, 'previous')) return []
  return (params.previous ?? []) as PreviousStudy[]
}

/** The parameters of a study for work that knows no other. */
export function withoutPrevious(method: Params): Params['params'] {
  if (previousOf(method).length === 0) return method.params
  const { previous: _, ...params } = method.params
  return params
}

/**
 * @param own id of the study that has the problem, if it is there already
 * @throws MixwrightError `validation-failed` where a previous study cannot be learned from, with pointers into `/params/previous`
 */
export async function refusePrevious(
  store: Pick<Store, 'studies'>,
  problem: CompleteProblem,
  params: Params,
  own?: string,
): Promise<void> {
  const previous = previousOf(params)
  const errors: FieldError[] = []
  for (const [i, one] of previous.entries()) {
    const pointer = `/params/previous/${i}/study`
    const isRepeated = previous.slice(0, i).some(({ study }) => study === one.study)
    const detail = isRepeated
      ? 'It is named before; its runs would count twice.'
      : one.study === own
        ? 'It is this very study.'
        : unfit(problem, one, await store.studies.get(one.study))
    if (detail) errors.push({ pointer, detail })
  }
  if (errors.length === 0) return
  const reason = 'There are previous studies that this one cannot learn from.'
  throw new MixwrightError('validation-failed', reason, errors)
}

/** Why the study cannot be learned from. */
function unfit(
  problem: CompleteProblem,
  { study, use }: PreviousStudy,
  previous: StudyRecord | undefined,
): string | undefined {
  if (!previous) return `There is no study with the id ${study}.`
  const theirs = previous.problem
  const names = (of: readonly { name: string }[]) => of.map(({ name }) => name)
  const [own, other] = [names(problem.domains), names(theirs.domains)]
  if (own.toSorted().join('\n') !== other.toSorted().join('\n'))
    return `Its domains are ${other.join(', ')}; those of this study are ${own.join(', ')}.`
  const isThere = (metric: CompleteProblem['metrics'][number]) =>
    theirs.metrics.some(
      ({ name, direction }) => name === metric.name && direction === metric.direction,
    )
  const lacking = metricsOfObjective(problem).filter((metric) => !isThere(metric))
  if (lacking.length > 0) {
    const wanted = lacking.map(({ name, direction }) => `"${name}" (${direction})`)
    return `It lacks metrics of the objective: ${wanted.join(', ')}.`
  }
  const shared = names(theirs.fidelities).filter((name) => names(problem.fidelities).includes(name))
  if (use === 'fidelity' || shared.length > 0) return undefined
  const fidelities = names(theirs.fidelities).join(', ')
  return `Its fidelities are ${fidelities}; a warm start takes one with the name of a fidelity of this study.`
}

/** The runs of an earlier study as the method sees them. */
export interface PreviousSource extends RunSource {
  from: NonNullable<RunSource['from']>
}

/**
 * What is learned from earlier studies now.
 * @throws MixwrightError `study-not-found` when one was deleted
 */
export async function previousSources(
  store: Pick<Store, 'studies' | 'trials'>,
  problem: CompleteProblem,
  params: Params,
): Promise<PreviousSource[]> {
  const sources: PreviousSource[] = []
  for (const previous of previousOf(params)) {
    const record = await store.studies.get(previous.study)
    const tried = record && (await store.trials.tried(record.id))
    if (!tried) throw previousGone(previous)
    const completed = tried.trials.filter(({ state }) => state === 'completed')
    const found = sourcesByFidelity(record.problem, tried.imports, completed)
    sources.push(...placed(problem, previous, record, found))
  }
  return sources
}

/** Imports with training runs of the earlier studies. */
export async function previousImports(store: Store, params: Params): Promise<ImportRecord[]> {
  const imports: ImportRecord[] = []
  for (const { study } of previousOf(params)) imports.push(...(await completeImports(store, study)))
  return imports.filter(({ role }) => role === 'train')
}

/** Under the names that the runs have for the method; those that it has no use for are left out. */
export function placed(
  { fidelities }: CompleteProblem,
  { study, use }: PreviousStudy,
  { problem }: Pick<StudyRecord, 'problem'>,
  sources: readonly RunSource[],
): PreviousSource[] {
  const from = { study, domains: problem.domains.map(({ name }) => name) }
  const named = sources.map((source) => ({ ...source, from }))
  if (use === 'warm-start')
    return named.filter((source) => fidelities.some(({ name }) => name === source.fidelity))
  return named.map((source) => ({ ...source, fidelity: `previous:${study}:${source.fidelity}` }))
}

export function previousGone({ study }: PreviousStudy): MixwrightError {
  const detail = `The previous study ${study}, which the method is to learn from, is not there any more.`
  return new MixwrightError('study-not-found', detail)
}
