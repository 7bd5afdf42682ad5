import { type Static, Type } from 'typebox'
import { DomainSchema, MixtureSchema } from '../../optimizers/problem.js'

const closed = { additionalProperties: false } as const

export const PhaseSchema = Type.Object(
  {
    startStep: Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Optimizer steps made before the phase begins. 0 for the first; ascending.',
    }),
    weights: MixtureSchema,
  },
  { ...closed, description: 'The weights of a stretch of a training run.' },
)
export type Phase = Static<typeof PhaseSchema>

export const ExportDomainSchema = Type.Object(
  {
    name: DomainSchema.properties.name,
    tokens: DomainSchema.properties.tokens,
    maxEpochs: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description:
          'How often the domain may be repeated, for targets that are told. Default: the option `maxEpochs`.',
      }),
    ),
  },
  { ...closed, description: 'What an export may need to know of a domain.' },
)
export type ExportDomain = Static<typeof ExportDomainSchema>

/** What is exported: exactly one of `mixture` and `phases`. */
export interface ExportInput {
  mixture?: Record<string, number>
  phases?: Phase[]
  /** All domains, in the order in which they are to be written. Default: those of the mixture, in its order. */
  domains?: ExportDomain[]
  /** See the exporter's schema. */
  options?: Record<string, unknown>
}
