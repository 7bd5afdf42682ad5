import { type Static, Type } from 'typebox'
import { ProxySchema, type ProxySpec } from './proxy.js'

/**
 * What a study searches: domains with their constraints, metrics, an objective over the metrics, and the
 * fidelities at which trials are run. Immutable once a study is created. The schemas here are the one
 * source of its validation, its TypeScript types and its OpenAPI description.
 */

const closed = { additionalProperties: false } as const

export const NameSchema = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^\\S(.*\\S)?$',
  description: 'A name. No white space at its ends and no line breaks in it.',
})

const Weight = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })

export const MixtureSchema = Type.Record(
  Type.String(),
  Type.Number({ minimum: 0, maximum: 1, description: 'Share of training tokens.' }),
  {
    description: 'Domain name → share of training tokens. Weights sum to 1.',
    examples: [{ web: 0.7, code: 0.3 }],
  },
)
export type Mixture = Static<typeof MixtureSchema>

export const DomainSchema = Type.Object(
  {
    name: NameSchema,
    tokens: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Unique tokens available in the domain.' }),
    ),
    minWeight: Type.Optional(Weight('Smallest weight allowed. Default 0.')),
    maxWeight: Type.Optional(Weight('Largest weight allowed. Default 1.')),
    fixedWeight: Type.Optional(
      Weight(
        'The exact weight; excludes `minWeight` and `maxWeight`, and no repetition cap applies.',
      ),
    ),
    maxEpochs: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description:
          'How often the domain may be repeated in the target run: weight · targetTokens ≤ maxEpochs · tokens. ' +
          'Default 4. Takes effect when `targetTokens` and `tokens` are both given.',
      }),
    ),
  },
  { ...closed, description: 'A named source of text.' },
)
export type Domain = Static<typeof DomainSchema>

export const GroupSchema = Type.Object(
  {
    name: NameSchema,
    domains: Type.Array(NameSchema, { minItems: 1, uniqueItems: true }),
    minWeight: Type.Optional(Weight('Smallest sum of the weights of the group. Default 0.')),
    maxWeight: Type.Optional(Weight('Largest sum of the weights of the group. Default 1.')),
  },
  { ...closed, description: 'Bounds on the summed weight of several domains.' },
)
export type Group = Static<typeof GroupSchema>

/** The space of mixtures: what `compileSpace` takes. */
export const spaceProperties = {
  domains: Type.Array(DomainSchema, { minItems: 2, maxItems: 1000 }),
  groups: Type.Optional(Type.Array(GroupSchema, { maxItems: 200 })),
  prior: Type.Optional(
    Type.Record(Type.String(), Type.Number({ minimum: 0, maximum: 1e30 }), {
      description:
        'The natural mixture, as relative sizes (normalised here). Default: in proportion to `tokens`, ' +
        'or uniform when a domain has none.',
    }),
  ),
  targetTokens: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'Tokens of the training run that the mixture is for. Turns repetition caps on.',
    }),
  ),
}
export const SpaceSchema = Type.Object(spaceProperties, closed)
export type SpaceSpec = Static<typeof SpaceSchema>

export const MetricSchema = Type.Object(
  {
    name: NameSchema,
    direction: Type.Optional(
      Type.Union([Type.Literal('minimize'), Type.Literal('maximize')], {
        description: 'Which way is better. Default `minimize`.',
      }),
    ),
    unit: Type.Optional(
      Type.String({ maxLength: 60, description: 'For people, for instance `nats/token`.' }),
    ),
  },
  closed,
)
export type Metric = Static<typeof MetricSchema>

export const ObjectiveSchema = Type.Object(
  {
    type: Type.Union([Type.Literal('mean'), Type.Literal('worst')], {
      description:
        '`mean`: weighted mean of the metrics. `worst`: the metric that is worst after weighting. ' +
        'Metrics that are maximised enter with a minus sign.',
    }),
    weights: Type.Optional(
      Type.Record(Type.String(), Type.Number({ minimum: 0, maximum: 1e6 }), {
        description:
          'Metric name → importance. Metrics left out of a given map have weight 0; without a map all are equal. ' +
          'For `mean` they are normalised to sum 1.',
      }),
    ),
    scale: Type.Optional(
      Type.Union([Type.Literal('none'), Type.Literal('standard')], {
        description:
          '`standard` divides each metric by its standard deviation over the training runs (and, for `worst`, ' +
          'first subtracts its mean), so that metrics in different units can be added. Default `none`.',
      }),
    ),
  },
  closed,
)
export type Objective = Static<typeof ObjectiveSchema>

export const FidelitySchema = Type.Object(
  {
    name: NameSchema,
    evaluator: Type.Union(
      [Type.Literal('table'), Type.Literal('proxy'), Type.Literal('external')],
      {
        description:
          'How trials get their measurements. `table`: results are imported. `proxy`: Mixwright trains a small model on ' +
          'the corpus for each trial. `external`: your own trainers ask for mixtures and tell what they measured.',
      },
    ),
    proxy: Type.Optional(ProxySchema),
    tokens: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description:
          'Tokens that a trial is trained on, for your own trainers; those of a proxy are in `proxy`.',
      }),
    ),
    cost: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'Cost of one trial, in any one unit. Default 1.',
      }),
    ),
    order: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          'Rank by closeness to the target run; higher is closer. Default: position in the list.',
      }),
    ),
  },
  { ...closed, description: 'A model size and token budget at which trials are run.' },
)
export type Fidelity = Static<typeof FidelitySchema>

export const CorpusReferenceSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    ingestion: Type.String({
      format: 'uuid',
      description: 'The ingestion whose shards proxies read; fixed when the study is created.',
    }),
    hash: Type.String({ description: 'SHA-256 (hex) of what the ingestion made.' }),
  },
  { ...closed, description: 'The text that proxies are trained on.' },
)

const problemProperties = {
  ...spaceProperties,
  metrics: Type.Array(MetricSchema, { minItems: 1, maxItems: 500 }),
  objective: Type.Optional(ObjectiveSchema),
  fidelities: Type.Optional(Type.Array(FidelitySchema, { minItems: 1, maxItems: 50 })),
}

export const ProblemSchema = Type.Object(
  { ...problemProperties, corpus: Type.Optional(CorpusReferenceSchema) },
  { ...closed, description: 'What a study searches. Immutable.' },
)
export type Problem = Static<typeof ProblemSchema>

/** A problem as it is asked for: with a corpus, domains and metrics need not be repeated. */
export const ProblemRequestSchema = Type.Object(
  {
    ...problemProperties,
    domains: Type.Optional(problemProperties.domains),
    metrics: Type.Optional(problemProperties.metrics),
    corpus: Type.Optional(
      Type.String({
        format: 'uuid',
        description:
          "Id of an ingested corpus. `domains` then default to all of its domains, their `tokens` to the corpus's counts, and " +
          '`metrics` to one validation loss a domain, named `loss/<domain>` (nats/token).',
      }),
    ),
  },
  { ...closed, description: 'What a study searches. Immutable once the study is created.' },
)
export type ProblemRequest = Static<typeof ProblemRequestSchema>

/** The problem with every default written out, as it is stored and hashed. */
export interface CompleteProblem extends Problem {
  metrics: (Metric & { direction: 'minimize' | 'maximize' })[]
  objective: Objective & { scale: 'none' | 'standard' }
  /** Those with the evaluator `proxy` have a `proxy` with every default written out. */
  fidelities: (Omit<Fidelity, 'proxy'> & { cost: number; order: number; proxy?: ProxySpec })[]
}
