import { MixwrightError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import { type CandidateRun, runIdProblem } from './candidate-run.js'
import { type ImportedRun, runErrors } from './import-body.js'
import { enumerated, quoted, type TableProblems } from './table-problems.js'

/** Runs as JSON objects. Problems carry JSON Pointers into the body, so runs count from 0 in them. */

interface Names {
  domains: readonly string[]
  metrics: readonly string[]
  domainSet: ReadonlySet<string>
  metricSet: ReadonlySet<string>
}

function refuseUnknownNames(
  given: Record<string, unknown>,
  known: ReadonlySet<string>,
  names: readonly string[],
  where: { pointer: string; kind: 'domain' | 'metric' },
  problems: TableProblems,
): void {
  for (const name of Object.keys(given)) {
    if (known.has(name)) continue
    problems.addName(
      `${where.pointer}/${pointerToken(name)}`,
      `the problem has no ${where.kind} ${quoted(name)}`,
      name,
      names,
    )
  }
}

function readRun(
  run: ImportedRun,
  pointer: string,
  names: Names,
  problems: TableProblems,
): CandidateRun | undefined {
  const countBefore = problems.count
  const runId = String(run.id)
  const wrongId = runIdProblem(runId)
  if (wrongId) problems.add(`${pointer}/id`, wrongId)
  const at = (field: string, kind: 'domain' | 'metric') => ({
    pointer: `${pointer}/${field}`,
    kind,
  })
  refuseUnknownNames(run.weights, names.domainSet, names.domains, at('weights', 'domain'), problems)
  refuseUnknownNames(run.metrics, names.metricSet, names.metrics, at('metrics', 'metric'), problems)
  const { standardErrors = {} } = run
  const errorsAt = at('standardErrors', 'metric')
  refuseUnknownNames(standardErrors, names.metricSet, names.metrics, errorsAt, problems)
  const absent = names.domains.filter((name) => !Object.hasOwn(run.weights, name))
  if (absent.length > 0) {
    problems.add(
      `${pointer}/weights`,
      `the weights lack ${enumerated(absent)}; give every domain, with 0 where none of it was used`,
    )
  }
  const values = Object.entries(run.metrics).filter(
    (entry): entry is [string, number] => entry[1] !== null,
  )
  if (values.length === 0) {
    problems.add(`${pointer}/metrics`, 'the run has no value for any metric')
  }
  if (problems.count > countBefore) return undefined
  const candidate: CandidateRun = {
    runId,
    // Adding zero turns −0 into 0, so that equal mixtures compare equal.
    weights: names.domains.map((name) => run.weights[name] + 0),
    values: Object.fromEntries(values),
    pointer: `${pointer}/weights`,
  }
  const errors = Object.entries(standardErrors).filter(
    ([name]) => typeof run.metrics[name] === 'number',
  )
  if (errors.length > 0) candidate.standardErrors = Object.fromEntries(errors)
  if (run.tokens !== undefined) candidate.tokens = run.tokens
  return candidate
}

/**
 * Checks runs against their schema and the problem; everything that is wrong is added to `problems`.
 * @throws MixwrightError `too-many-rows`
 */
export function readJsonRuns(
  runs: readonly unknown[],
  problem: CompleteProblem,
  maxRows: number,
  problems: TableProblems,
): CandidateRun[] {
  if (runs.length > maxRows) {
    throw new MixwrightError(
      'too-many-rows',
      `the body has ${runs.length} runs; at most ${maxRows} are taken at once`,
    )
  }
  const domains = problem.domains.map(({ name }) => name)
  const metrics = problem.metrics.map(({ name }) => name)
  const names = { domains, metrics, domainSet: new Set(domains), metricSet: new Set(metrics) }
  const candidates: CandidateRun[] = []
  const seen = new Map<string, number>()
  runs.forEach((run, i) => {
    const pointer = `/runs/${i}`
    const errors = runErrors(run)
    for (const error of errors) problems.add(pointer + error.pointer, error.detail)
    if (errors.length > 0) return
    const read = readRun(run as ImportedRun, pointer, names, problems)
    if (!read) return
    const earlier = seen.get(read.runId)
    if (earlier !== undefined) {
      problems.add(
        `${pointer}/id`,
        `the run id ${quoted(read.runId)} occurs twice, in /runs/${earlier} and here; ` +
          'give a repeated mixture a run id of its own',
      )
      return
    }
    seen.set(read.runId, i)
    candidates.push(read)
  })
  return candidates
}
