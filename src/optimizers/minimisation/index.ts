export { type MinimumFromStarts, minimiseFromStarts } from './from-starts.js'
export { minimiseBounded } from './lbfgs-bounded.js'
export type {
  Bounds,
  MinimisationOptions,
  Minimum,
  SmoothObjective,
  StopReason,
} from './types.js'
