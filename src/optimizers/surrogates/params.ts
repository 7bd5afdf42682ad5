import { type Static, Type } from 'typebox'
import { TreeParamsSchema } from './gradient-boosted-trees/parameters.js'
import { LeastSquaresParamsSchema } from './least-squares.js'
import { LogLinearParamsSchema } from './log-linear.js'
import { RidgeParamsSchema } from './ridge.js'
import { SingleDomainParamsSchema } from './single-domain.js'

/** Surrogate name → what is to differ from its defaults. */
export const SurrogateParamsSchema = Type.Object(
  {
    'least-squares': Type.Optional(Type.Partial(LeastSquaresParamsSchema)),
    ridge: Type.Optional(Type.Partial(RidgeParamsSchema)),
    'log-linear': Type.Optional(Type.Partial(LogLinearParamsSchema)),
    'gradient-boosted-trees': Type.Optional(Type.Partial(TreeParamsSchema)),
    'single-domain': Type.Optional(Type.Partial(SingleDomainParamsSchema)),
  },
  {
    additionalProperties: false,
    description: 'Surrogate name → its own parameters; what is left out keeps its default.',
  },
)
export type SurrogateParams = Static<typeof SurrogateParamsSchema>
