import { Type } from 'typebox'

/** Parameters that every method that fits surrogates takes. */
export const surrogateParamsProperties = {
  folds: Type.Integer({
    minimum: 2,
    maximum: 20,
    default: 5,
    description: 'Folds of the cross-validation. Replicates of a mixture stay in one fold.',
  }),
  surrogates: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
    default: {},
    description:
      'Surrogate name → its own parameters, for instance {"gradient-boosted-trees": {"minRunsInLeaf": 5}}; the rest keep their defaults.',
  }),
}

export interface SurrogateParams {
  folds: number
  surrogates: Record<string, Record<string, unknown>>
}
