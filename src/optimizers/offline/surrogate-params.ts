import { Type } from 'typebox'
import { SurrogateParamsSchema } from '../surrogates/index.js'
import type { SurrogateName } from '../surrogates/types.js'

/** Surrogate name → what is to differ from its defaults. */
export type SurrogateOverrides = Partial<Record<SurrogateName, Record<string, unknown>>>

/** Parameters that every method that fits surrogates takes. */
export const surrogateParamsProperties = {
  folds: Type.Integer({
    minimum: 2,
    maximum: 20,
    default: 5,
    description: 'Folds of the cross-validation. Replicates of a mixture stay in one fold.',
  }),
  surrogates: Type.Unsafe<SurrogateOverrides>({ ...SurrogateParamsSchema, default: {} }),
}

export interface SurrogateParams {
  folds: number
  surrogates: SurrogateOverrides
}
