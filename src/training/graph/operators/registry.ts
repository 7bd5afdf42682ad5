import type { Operator } from '../types.js'
import { ACTIVATIONS } from './activations.js'
import { ORDERING } from './after.js'
import { ARITHMETIC } from './arithmetic.js'
import { ATTENTION } from './attention.js'
import { CASTS } from './cast.js'
import { COMPARISONS } from './comparisons.js'
import { INDEXING } from './indexing.js'
import { PRODUCTS } from './matmul.js'
import { MOVEMENT } from './movement.js'
import { NORMALIZATION } from './normalization.js'
import { PIECES } from './pieces.js'
import { REDUCTIONS } from './reductions.js'
import { RMS_NORMALIZE } from './rms-normalize.js'
import { SCALED_GELU } from './scaled-gelu.js'
import { SELECTION } from './selection.js'
import { SOFTMAX } from './softmax.js'
import { TIED_CROSS_ENTROPY } from './tied-cross-entropy.js'
import { UNARY } from './unary.js'

/** Every operator by its name. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  [
    ARITHMETIC,
    UNARY,
    ACTIVATIONS,
    COMPARISONS,
    SELECTION,
    CASTS,
    MOVEMENT,
    PIECES,
    REDUCTIONS,
    PRODUCTS,
    INDEXING,
    SOFTMAX,
    NORMALIZATION,
    RMS_NORMALIZE,
    ATTENTION,
    ORDERING,
    SCALED_GELU,
    TIED_CROSS_ENTROPY,
  ]
    .flat()
    .map((operator) => [operator.name, operator]),
)
