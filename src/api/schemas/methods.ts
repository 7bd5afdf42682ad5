import { type Static, Type } from 'typebox'
import { SURROGATE_NAMES } from '../../optimizers/surrogates/types.js'
import type { MethodDescription } from '../../studies/methods.js'
import { closed } from './common.js'

export const MethodParamsSchema = Type.Object({ name: Type.String() }, closed)

export const MethodSchema = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    summary: Type.String(),
    citation: Type.Object(
      {
        authors: Type.String(),
        title: Type.String(),
        year: Type.Integer(),
        url: Type.String(),
      },
      closed,
    ),
    capabilities: Type.Object(
      {
        fidelities: Type.Boolean({ description: 'Learns from several fidelities at once.' }),
        pending: Type.Boolean({ description: 'Takes mixtures that are being tried into account.' }),
        multiObjective: Type.Boolean(),
        adaptive: Type.Boolean({
          description:
            'What it suggests depends on what was measured. Others choose all mixtures of a search at once.',
        }),
      },
      closed,
    ),
    surrogates: Type.Array(Type.Enum(SURROGATE_NAMES), {
      description: 'What it can learn with; empty when it learns nothing.',
    }),
    paramsSchema: Type.Record(Type.String(), Type.Unknown(), {
      description: 'JSON Schema of the parameters.',
    }),
    defaults: Type.Record(Type.String(), Type.Unknown(), {
      description: 'Every parameter with its default.',
    }),
  },
  { ...closed, description: 'A search method.' },
)

export const MethodListSchema = Type.Object({ items: Type.Array(MethodSchema) }, closed)

export function viewMethod(method: MethodDescription): Static<typeof MethodSchema> {
  return { ...method, surrogates: [...method.surrogates] }
}
