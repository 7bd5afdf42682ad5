import { type OptionOf, paramOption, problemOption } from '../option-places.js'

/**
 * The options of `fit` that stand for what the API is asked for.
 * @param fidelities names in the order of the problem
 */
export function fitOptions(fidelities: readonly string[]): OptionOf {
  const optionOf: OptionOf = ([field, ...inside]) => {
    switch (field) {
      case 'params':
        return paramOption(inside)
      case 'method':
      case 'surrogate':
        return `--${field}`
      case 'runs':
        return '--mixtures'
      case 'targetTokens':
        return '--target-tokens'
      case 'problem':
        return optionOf(inside)
      default:
        return problemOption([field, ...inside], fidelities)
    }
  }
  return optionOf
}
