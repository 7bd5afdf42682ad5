import type { AskedMethod } from '../../studies/backtest-plan.js'
import { type OptionOf, paramOption, problemOption } from '../option-places.js'

/**
 * The options of `backtest` that stand for what the API is asked for.
 * @param methods those asked for; undefined: the usual ones, which have no options of their own
 * @param fidelities names in the order of the tables
 */
export function backtestOptions(
  methods: readonly AskedMethod[] | undefined,
  fidelities: readonly string[],
): OptionOf {
  const optionOf: OptionOf = ([field, ...inside]) => {
    switch (field) {
      case 'target':
      case 'shuffle':
      case 'budget':
      case 'budgets':
        return `--${field}`
      case 'costs':
        return `--cost ${inside[0]}`
      case 'tables':
        return `--runs ${fidelities[Number(inside[0])]}`
      case 'methods':
        return methodOption(methods?.[Number(inside[0])], inside.slice(1))
      // It has no option here.
      case 'targetTokens':
        return ''
      case 'problem':
        return optionOf(inside)
      default:
        return problemOption([field, ...inside], fidelities)
    }
  }
  return optionOf
}

function methodOption(
  method: AskedMethod | undefined,
  [field, ...inside]: readonly string[],
): string {
  const label = method?.label ?? method?.method
  if (label === undefined) return '--method'
  if (field === 'params') return paramOption(inside, label)
  return field === 'fidelities' ? `--only ${label}` : `--method ${label}`
}
