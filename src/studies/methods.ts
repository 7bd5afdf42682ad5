import { Value } from 'typebox/value'
import { type FieldError, MixwrightError } from '../errors.js'
import { schemaProblems } from '../formats/validation/index.js'
import { OPTIMIZERS } from '../optimizers/registry.js'
import type { SurrogateName } from '../optimizers/surrogates/types.js'
import type { CompiledProblem, Optimizer } from '../optimizers/types.js'

export const DEFAULT_METHOD = 'mixing-laws'

export interface MethodDescription {
  name: string
  title: string
  summary: string
  citation: Optimizer['citation']
  capabilities: Optimizer['capabilities']
  surrogates: readonly SurrogateName[]
  /** JSON Schema of `params`, with a default for every one. */
  paramsSchema: Record<string, unknown>
  defaults: Record<string, unknown>
}

export interface MethodService {
  list(): MethodDescription[]
  /** @throws MixwrightError `method-not-found` */
  get(name: string): MethodDescription
}

export function createMethodService(): MethodService {
  return {
    list: () => [...OPTIMIZERS.values()].map(describe),
    get(name) {
      const method = OPTIMIZERS.get(name)
      if (!method) throw new MixwrightError('method-not-found', unknownMethod(name))
      return describe(method)
    },
  }
}

function describe(method: Optimizer): MethodDescription {
  const { name, title, summary, citation, capabilities, surrogates } = method
  return {
    name,
    title,
    summary,
    citation,
    capabilities,
    surrogates,
    paramsSchema: JSON.parse(JSON.stringify(method.paramsSchema)),
    defaults: completeParams(method, {}, ''),
  }
}

function unknownMethod(name: string): string {
  return `"${name}" is not a method; the methods are ${[...OPTIMIZERS.keys()].join(', ')}.`
}

/** A method named in a body. @throws MixwrightError `validation-failed` at the pointer */
export function findMethod(name: string, pointer: string): Optimizer {
  const method = OPTIMIZERS.get(name)
  if (method) return method
  throw refusal('The method is not known.', [{ pointer, detail: unknownMethod(name) }])
}

/**
 * The parameters with defaults filled in.
 * @throws MixwrightError `validation-failed` naming each unknown or invalid parameter
 */
export function completeParams(
  method: Optimizer,
  params: Record<string, unknown>,
  pointer: string,
): Record<string, unknown> {
  const complete = Value.Default(method.paramsSchema, structuredClone(params))
  const errors = schemaProblems(method.paramsSchema, complete)
  if (errors.length === 0) return complete as Record<string, unknown>
  throw refusal(
    `The parameters do not fit the method ${method.name}.`,
    errors.map((error) => ({ ...error, pointer: pointer + error.pointer })),
  )
}

/** @throws MixwrightError `validation-failed` with what the method itself has against the problem or the parameters */
export function refuseParams(
  method: Optimizer,
  problem: CompiledProblem,
  params: Record<string, unknown>,
  base: string,
): void {
  const issues = method.validate(problem, params)
  if (issues.length === 0) return
  throw refusal(
    `The method ${method.name} cannot work on this problem.`,
    issues.map(({ pointer, detail }) => ({ pointer: base + pointer, detail })),
  )
}

/** @throws MixwrightError `validation-failed` when the method cannot use the surrogate */
export function refuseSurrogate(
  method: Optimizer,
  surrogate: SurrogateName | 'auto',
  pointer: string,
): void {
  if (surrogate === 'auto' || method.surrogates.includes(surrogate)) return
  const legal = ['auto', ...method.surrogates].join(', ')
  throw refusal('The surrogate does not go with the method.', [
    { pointer, detail: `${method.name} works with ${legal}; "${surrogate}" is not among them.` },
  ])
}

function refusal(detail: string, errors: FieldError[]): MixwrightError {
  return new MixwrightError('validation-failed', detail, errors)
}
