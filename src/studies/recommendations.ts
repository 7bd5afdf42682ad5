import { MixwrightError } from '../errors.js'
import { duplicateNameIssues } from '../optimizers/issue.js'
import type { Problem } from '../optimizers/problem.js'
import type { Recommendation } from '../optimizers/recommendation.js'
import type { SurrogateName } from '../optimizers/surrogates/types.js'
import type { FitRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { checkedTable, groupRuns, inlineFidelity } from './inline-runs.js'
import type { Limits } from './limits.js'
import {
  completeParams,
  DEFAULT_METHOD,
  findMethod,
  refuseParams,
  refuseSurrogate,
} from './methods.js'
import type { Compute, RecommendTask } from './ports.js'
import { previousSources, refusePrevious } from './previous-studies.js'
import { checkProblem, hashProblem } from './problem.js'
import { readSource } from './run-sources.js'
import { DEFAULT_SEED, requireStudy } from './studies.js'

/** A run as a caller writes it: weights and metric values by name. */
export interface InlineRun {
  id: string | number
  weights: Record<string, number>
  metrics: Record<string, number | null>
  tokens?: number
}

/** A training run. */
export interface InlineTrainingRun extends InlineRun {
  /** Default: the one that the runs are fitted at. */
  fidelity?: string
}

export interface InlineStudy {
  problem: Problem
  runs: InlineTrainingRun[]
  holdouts?: { name: string; runs: InlineRun[]; fidelity?: string }[]
  method?: string
  surrogate?: SurrogateName | 'auto'
  params?: Record<string, unknown>
  seed?: number
  /**
   * The one that is fitted: where the runs, and hold-outs that do not say, were made. Default: the problem's fidelity closest to the
   * target run; where all runs say theirs, of those.
   */
  fidelity?: string
}

export interface RecommendationService {
  /** @throws MixwrightError `no-recommendation` before any fit has finished */
  latest(studyId: string): Promise<{ fit: FitRecord; recommendation: Recommendation }>
  /**
   * Runs in, recommendation out, nothing stored.
   * @param signal aborted when nobody waits for the answer any more: the computation is stopped, and this rejects
   * @throws MixwrightError `too-costly` when the work is above the limit, `overloaded`, `rows-invalid`, `too-few-runs`, `validation-failed`
   */
  compute(input: InlineStudy, signal?: AbortSignal): Promise<Recommendation>
}

export function createRecommendationService(
  store: Store,
  compute: Compute,
  limits: Limits,
): RecommendationService {
  return {
    async latest(studyId) {
      await requireStudy(store, studyId)
      const fit = await store.fits.latestFinished(studyId)
      if (fit?.recommendation) {
        return { fit, recommendation: fit.recommendation as Recommendation }
      }
      throw new MixwrightError(
        'no-recommendation',
        `No fit of the study ${studyId} has finished; there is nothing to recommend from.`,
      )
    },
    async compute(input, signal) {
      const compiled = checkProblem(input.problem, '/problem')
      const method = findMethod(input.method ?? DEFAULT_METHOD, '/method')
      const params = completeParams(method, input.params ?? {}, '/params')
      refuseParams(method, compiled, params, '')
      const { problem } = compiled
      const surrogate = input.surrogate ?? 'auto'
      refuseSurrogate(method, surrogate, '/surrogate')
      refuseCost(input, limits)
      refuseEqualNames(input.holdouts ?? [])
      const used = { method: method.name, params }
      await refusePrevious(store, problem, used)
      const fidelity = inlineFidelity(problem, input)
      const check = (runs: InlineRun[], at: string, base: string) =>
        checkedRuns(compute, problem, runs, at, base, limits)
      const tables = groupRuns(problem, method, input.runs, fidelity)
      const [training, ...others] = await Promise.all(
        tables.map((table) => checkedTable(table, (runs, at) => check(runs, at, ''))),
      )
      for (const source of await previousSources(store, problem, used))
        others.push(await readSource(store, source))
      const task: RecommendTask = {
        problem,
        problemHash: hashProblem(problem),
        method: method.name,
        surrogate,
        params,
        seed: input.seed ?? DEFAULT_SEED,
        training,
        others,
        holdouts: await Promise.all(
          (input.holdouts ?? []).map(async (holdout, i) => ({
            name: holdout.name,
            ...(await check(holdout.runs, holdout.fidelity ?? fidelity, `/holdouts/${i}`)),
          })),
        ),
      }
      return recommendInTime(compute, task, limits, signal)
    },
  }
}

/**
 * The cost is estimated from the numbers of runs and metrics; domains and parameters can make it many times that. The wait for a thread
 * is not counted, and may take as long again.
 */
async function recommendInTime(
  compute: Compute,
  task: RecommendTask,
  { inlineSeconds }: Limits,
  signal?: AbortSignal,
): Promise<Recommendation> {
  const timeout = new AbortController()
  const clock = setTimeout(() => timeout.abort(), inlineSeconds * 1000)
  let isBegun = false
  const onStart = () => {
    isBegun = true
    clock.refresh()
  }
  const signals = signal ? [timeout.signal, signal] : [timeout.signal]
  try {
    const options = { signal: AbortSignal.any(signals), onStart }
    return (await compute.recommend(task, options)).recommendation
  } catch (error) {
    if (!timeout.signal.aborted) throw error
    throw isBegun ? tooSlow(inlineSeconds) : noThread(inlineSeconds)
  } finally {
    clearTimeout(clock)
  }
}

function tooSlow(seconds: number): MixwrightError {
  const detail = `The computation did not end within ${seconds} s and was stopped.`
  return new MixwrightError('too-costly', detail)
}

function noThread(seconds: number): MixwrightError {
  const detail = `All threads are busy, and none was free within ${seconds} s.`
  return new MixwrightError('overloaded', detail)
}

function refuseEqualNames(holdouts: readonly { name: string }[]): void {
  const errors = duplicateNameIssues(holdouts, '/holdouts')
  if (errors.length === 0) return
  throw new MixwrightError('validation-failed', 'Two hold-outs have the same name.', errors)
}

function refuseCost({ problem, runs, holdouts }: InlineStudy, limits: Limits): void {
  const count = runs.length + (holdouts ?? []).reduce((sum, set) => sum + set.runs.length, 0)
  const cost = runs.length * problem.metrics.length
  if (count <= limits.inlineRuns && cost <= limits.inlineCost) return
  throw new MixwrightError(
    'too-costly',
    `${count} runs with ${problem.metrics.length} metrics are ${cost} metric values to learn; an answer within the ` +
      `request takes at most ${limits.inlineRuns} runs and ${limits.inlineCost} metric values.`,
  )
}

/**
 * The same checks as an import's: the rows are written as the body of one.
 * @param base pointer to what holds the runs
 * @throws MixwrightError `rows-invalid`
 */
export async function checkedRuns(
  compute: Pick<Compute, 'parseTable'>,
  problem: RecommendTask['problem'],
  runs: InlineRun[],
  fidelity: string,
  base: string,
  limits: Limits,
): Promise<RecommendTask['training']> {
  const pages: string[] = []
  const body = Buffer.from(JSON.stringify({ role: 'train', fidelity, runs }))
  const table = await compute.parseTable(
    { problem, upload: { format: 'json', body }, maxRows: limits.inlineRuns },
    async () => {},
    async (rowsJson) => {
      pages.push(rowsJson)
    },
  )
  if (table.problemCount === 0) return { fidelity: table.fidelity, pages }
  throw new MixwrightError(
    'rows-invalid',
    `The runs have ${table.problemCount} problem${table.problemCount === 1 ? '' : 's'}.`,
    table.problems.map(({ pointer, detail }) => ({ pointer: base + pointer, detail })),
  )
}
