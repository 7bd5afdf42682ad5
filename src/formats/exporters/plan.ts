import type { FieldError } from '../../errors.js'
import { duplicateNameIssues, pointerToken } from '../../optimizers/issue.js'
import { UNSTORABLE_TEXT } from '../validation/index.js'
import { refuse, refuseField, unknownNames } from './refusals.js'
import type { ExportDomain, ExportInput, Phase } from './schemas.js'
import type { ExportPlan, ExportWarning, PlannedPhase } from './types.js'

/** How far the sum of given weights may be off 1. */
const SUM_TOLERANCE = 1e-6
/** Off by more than this, weights are divided by their sum; less is rounding, and the digits stay as they were given. */
const ROUNDING = 1e-12
/** Off by more than this, that is said. */
const WORTH_SAYING = 1e-9

const MOST_DOMAINS = 1000
/** Phases × domains: more would hold up other requests. */
const MOST_WEIGHTS = 10_000
const NAME = /^\S(.*\S)?$/
const LONGEST_NAME = 200

interface Source {
  phases: readonly Phase[]
  isSchedule: boolean
  /** JSON Pointer to the weights of a phase. */
  pointerOf: (phase: number) => string
}

/**
 * Checks what is to be exported and brings it into order.
 * @throws MixwrightError `validation-failed` with everything that is wrong
 */
export function planExport(input: ExportInput): { plan: ExportPlan; warnings: ExportWarning[] } {
  const source = sourceOf(input)
  const domains = domainsOf(source, input.domains)
  refuse(sizeErrors(source, domains))
  refuse([
    ...nameErrors(source, input.domains),
    ...startErrors(source),
    ...source.phases.flatMap(({ weights }, i) =>
      weightErrors(weights, source.pointerOf(i), domains),
    ),
  ])
  const sums = source.phases.map(({ weights }) => sumOf(weights))
  const phases = source.phases.map(({ startStep, weights }, i) =>
    plannedPhase(startStep, weights, sums[i], domains),
  )
  return { plan: { phases, isSchedule: source.isSchedule, domains }, warnings: sumWarnings(sums) }
}

function sourceOf({ mixture, phases }: ExportInput): Source {
  if (mixture !== undefined && phases === undefined) {
    const only = [{ startStep: 0, weights: mixture }]
    return { phases: only, isSchedule: false, pointerOf: () => '/mixture' }
  }
  if (phases !== undefined && mixture === undefined && phases.length > 0) {
    return { phases, isSchedule: true, pointerOf: (phase) => `/phases/${phase}/weights` }
  }
  refuseField('', 'Give either `mixture` or `phases` (with at least one phase).')
}

function domainsOf(
  { phases }: Source,
  given: readonly ExportDomain[] | undefined,
): Map<string, ExportDomain> {
  if (given) return new Map(given.map((domain) => [domain.name, domain]))
  const names = new Set(phases.flatMap(({ weights }) => Object.keys(weights)))
  return new Map([...names].map((name) => [name, { name }]))
}

function sizeErrors(
  { phases, pointerOf }: Source,
  domains: ReadonlyMap<string, unknown>,
): FieldError[] {
  if (domains.size > MOST_DOMAINS) {
    const detail = `There are ${domains.size} domains; at most ${MOST_DOMAINS} can be exported.`
    return [{ pointer: pointerOf(0), detail }]
  }
  if (phases.length * domains.size <= MOST_WEIGHTS) return []
  const detail =
    `${phases.length} phases of ${domains.size} domains are ${phases.length * domains.size} weights; ` +
    `at most ${MOST_WEIGHTS} can be exported.`
  return [{ pointer: '/phases', detail }]
}

function nameErrors({ phases, pointerOf }: Source, given?: readonly ExportDomain[]): FieldError[] {
  if (given) {
    const named = given.map(({ name }, i) => ({ name, pointer: `/domains/${i}/name` }))
    return [...named.flatMap(nameError), ...duplicateNameIssues(given, '/domains')]
  }
  return phases.flatMap(({ weights }, i) =>
    Object.keys(weights).flatMap((name) =>
      nameError({ name, pointer: `${pointerOf(i)}/${pointerToken(name)}` }),
    ),
  )
}

function nameError({ name, pointer }: { name: string; pointer: string }): FieldError[] {
  if (NAME.test(name) && !UNSTORABLE_TEXT.test(name) && name.length <= LONGEST_NAME) return []
  const detail =
    `A name of a domain has 1 to ${LONGEST_NAME} characters, no white space at its ends, no line breaks, ` +
    'no NUL and no half of a surrogate pair.'
  return [{ pointer, detail }]
}

function startErrors({ phases, isSchedule }: Source): FieldError[] {
  if (!isSchedule) return []
  return phases.flatMap(({ startStep }, i) => {
    const pointer = `/phases/${i}/startStep`
    if (!Number.isSafeInteger(startStep)) {
      return [{ pointer, detail: `It must be a whole number of steps; got ${startStep}.` }]
    }
    if (i === 0 && startStep !== 0) {
      return [{ pointer, detail: `The first phase begins at step 0; got ${startStep}.` }]
    }
    const before = i === 0 ? -1 : phases[i - 1].startStep
    if (startStep > before) return []
    return [{ pointer, detail: `It must be above ${before}, where the phase before begins.` }]
  })
}

function weightErrors(
  weights: Record<string, number>,
  base: string,
  domains: ReadonlyMap<string, ExportDomain>,
): FieldError[] {
  const unknown = unknownNames(Object.keys(weights), domains, base)
  if (unknown.length > 0) return unknown
  const errors = Object.entries(weights).flatMap(([name, weight]) => {
    const pointer = `${base}/${pointerToken(name)}`
    if (typeof weight === 'number' && weight >= 0 && weight <= 1) return []
    return [{ pointer, detail: `A weight is a number from 0 to 1; got ${weight}.` }]
  })
  if (errors.length > 0) return errors
  const sum = sumOf(weights)
  if (Math.abs(sum - 1) <= SUM_TOLERANCE) return []
  return [{ pointer: base, detail: `The weights sum to ${sum}, not to 1 within ${SUM_TOLERANCE}.` }]
}

function sumOf(weights: Record<string, number>): number {
  return Object.values(weights).reduce((sum, weight) => sum + weight, 0)
}

function sumWarnings(sums: readonly number[]): ExportWarning[] {
  const off = sums.filter((sum) => Math.abs(sum - 1) > WORTH_SAYING)
  if (off.length === 0) return []
  const message = `Weights that sum to ${off.join(', ')} were divided by their sum.`
  return [{ code: 'weights-renormalised', message }]
}

function plannedPhase(
  startStep: number,
  weights: Record<string, number>,
  sum: number,
  domains: ReadonlyMap<string, ExportDomain>,
): PlannedPhase {
  const byName = new Map(Object.entries(weights))
  const scale = Math.abs(sum - 1) > ROUNDING ? sum : 1
  const shares = [...domains.keys()].flatMap((name) => {
    const weight = byName.get(name) ?? 0
    return weight > 0 ? [{ name, weight: weight / scale }] : []
  })
  return { startStep, shares }
}
