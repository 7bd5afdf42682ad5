export {
  choleskyInPlace,
  choleskyWithJitter,
  type JitteredFactor,
  logDeterminant,
  NotPositiveDefiniteError,
} from './cholesky.js'
export { GrowingCholesky } from './growing-cholesky.js'
export { inverseFromCholesky } from './inverse.js'
export { multiplyLower } from './lower-product.js'
export {
  type LowerFactor,
  solveFactored,
  solveLower,
  solveLowerMany,
  solveLowerTransposed,
  solveLowerTransposedMany,
} from './triangular.js'
