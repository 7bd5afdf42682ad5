import { type Static, type TSchema, Type } from 'typebox'
import { MixwrightError } from '../../errors.js'
import { schemaProblems } from '../../formats/validation/index.js'
import {
  type Domain,
  DomainSchema,
  type Objective,
  ObjectiveSchema,
  type Problem,
} from '../../optimizers/problem.js'
import { UsageError } from '../failures.js'
import { readJsonInput } from '../input-files.js'
import type { NameResolver } from './names.js'

/** What the options of `fit` say about the problem; names as the user wrote them. */
export interface ProblemOptions {
  metric?: string[]
  maximize?: string[]
  domains?: string
  prior?: string
  objective?: string
  maxEpochs?: number
  targetTokens?: number
}

export interface Names {
  domains: NameResolver
  metrics: NameResolver
}

/** Relative sizes by name, bare or as Olmix writes its priors. */
const SizesSchema = Type.Record(Type.String(), Type.Number({ minimum: 0 }))

/** @throws MixwrightError `validation-failed` naming the places in the file */
function checked<S extends TSchema>(schema: S, value: unknown, file: string): Static<S> {
  const errors = schemaProblems(schema, value)
  if (errors.length === 0) return value as Static<S>
  throw new MixwrightError('validation-failed', `${file} does not hold what it should`, errors)
}

/** The map named `field`, at the top of the file or inside `priors`, or the file itself. */
function olmixField(content: unknown, field: string): unknown {
  const inside = (value: unknown, key: string): unknown =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (value as Record<string, unknown>)[key]
      : undefined
  return inside(inside(content, 'priors'), field) ?? inside(content, field) ?? content
}

async function readDomains(file: string | undefined, names: NameResolver): Promise<Domain[]> {
  if (file === undefined) return names.known.map((name) => ({ name }))
  const content = olmixField(await readJsonInput(file, '--domains'), 'token_counts')
  if (!Array.isArray(content)) {
    const tokens = names.rekey(checked(SizesSchema, content, file), file)
    return names.known.map((name) =>
      Object.hasOwn(tokens, name) ? { name, tokens: tokens[name] } : { name },
    )
  }
  const given = checked(Type.Array(DomainSchema), content, file)
  const byName = new Map(
    names
      .resolve(
        given.map(({ name }) => name),
        file,
      )
      .map((name, i) => [name, given[i]]),
  )
  return names.known.map((name) => ({ ...byName.get(name), name }))
}

async function readPrior(
  option: string | undefined,
  names: NameResolver,
): Promise<Record<string, number> | undefined> {
  if (option === undefined) return undefined
  if (option === 'uniform') return Object.fromEntries(names.known.map((name) => [name, 1]))
  const content = olmixField(await readJsonInput(option, '--prior'), 'relative_sizes')
  return names.rekey(checked(SizesSchema, content, option), option)
}

async function readObjective(option = 'mean', names: NameResolver): Promise<Objective> {
  if (option === 'mean' || option === 'worst') return { type: option }
  const content = await readJsonInput(option, '--objective')
  const objective = checked(ObjectiveSchema, content, option)
  if (!objective.weights) return objective
  return { ...objective, weights: names.rekey(objective.weights, option) }
}

/**
 * The problem that the options describe, over all domains of the tables.
 * @throws UsageError for names in options, MixwrightError for what is wrong in files
 */
export async function buildProblem(options: ProblemOptions, tables: Names): Promise<Problem> {
  const { metric = [], maximize = [], maxEpochs, targetTokens } = options
  const chosen = metric.map((name) => tables.metrics.require(name, '--metric'))
  const names = chosen.length > 0 ? [...new Set(chosen)] : tables.metrics.known
  const maximized = new Set(maximize.map((name) => tables.metrics.require(name, '--maximize')))
  const unused = [...maximized].find((name) => !names.includes(name))
  if (unused !== undefined) {
    throw new UsageError(`--maximize: "${unused}" is not among the metrics given by --metric`)
  }
  const domains = await readDomains(options.domains, tables.domains)
  const prior = await readPrior(options.prior, tables.domains)
  return {
    domains: maxEpochs === undefined ? domains : domains.map((d) => ({ maxEpochs, ...d })),
    metrics: names.map((name) =>
      maximized.has(name) ? { name, direction: 'maximize' as const } : { name },
    ),
    objective: await readObjective(options.objective, tables.metrics),
    ...(prior && { prior }),
    ...(targetTokens !== undefined && { targetTokens }),
  }
}
