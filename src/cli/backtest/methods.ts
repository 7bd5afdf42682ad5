import { OPTIMIZERS } from '../../optimizers/registry.js'
import type { AskedMethod } from '../../studies/backtest-plan.js'
import { UsageError } from '../failures.js'

export interface MethodOptions {
  /** `label=name`, or a name. */
  method?: string[]
  /** `label.key` or `key` → value. */
  param?: Record<string, unknown>
  /** Label → fidelities. */
  only?: ReadonlyMap<string, string[]>
}

/**
 * The methods that the options name, with their parameters; undefined when they name none.
 * @throws UsageError for unknown methods, labels given twice, and parameters of no method
 */
export function askedMethods({
  method,
  param = {},
  only,
}: MethodOptions): AskedMethod[] | undefined {
  if (!method) {
    const useless = Object.keys(param).length > 0 ? '--param' : only && '--only'
    if (!useless) return undefined
    throw new UsageError(`${useless} is about a method`, 'Name the method with --method.')
  }
  const labelled = method.map(labelledMethod)
  const labels = labelled.map(({ label }) => label)
  const twice = labels.find((label, i) => labels.indexOf(label) !== i)
  if (twice !== undefined) {
    const fix = `Give them labels: --method a=${twice} --method b=${twice}.`
    throw new UsageError(`--method: "${twice}" is given twice`, fix)
  }
  const params = paramsByLabel(param, labels)
  for (const label of only?.keys() ?? []) requireLabel(label, labels, '--only')
  return labelled.map(({ label, name }) => ({
    label,
    method: name,
    params: params.get(label) ?? {},
    fidelities: only?.get(label),
  }))
}

function labelledMethod(text: string): { label: string; name: string } {
  const split = text.lastIndexOf('=')
  const name = text.slice(split + 1)
  if (!OPTIMIZERS.has(name)) {
    const known = [...OPTIMIZERS.keys()].join(', ')
    throw new UsageError(`--method: there is no method "${name}"`, `The methods are ${known}.`)
  }
  if (split === 0) throw new UsageError(`--method: the label of "${text}" is empty`)
  return { label: split < 0 ? name : text.slice(0, split), name }
}

/** Where there is one method, its parameters need not name it. */
function paramsByLabel(
  param: Record<string, unknown>,
  labels: readonly string[],
): Map<string, Record<string, unknown>> {
  const params = new Map<string, Record<string, unknown>>()
  for (const [key, value] of Object.entries(param)) {
    const named = labels.find((label) => key.startsWith(`${label}.`))
    if (named === undefined && labels.length > 1) {
      throw new UsageError(
        `--param: "${key}" names none of the methods ${labels.join(', ')}`,
        `Write --param ${labels[0]}.${key}=value.`,
      )
    }
    const label = named ?? labels[0]
    const own = named === undefined ? key : key.slice(named.length + 1)
    params.set(label, { ...params.get(label), [own]: value })
  }
  return params
}

function requireLabel(label: string, labels: readonly string[], option: string): void {
  if (labels.includes(label)) return
  throw new UsageError(`${option}: "${label}" is none of the methods ${labels.join(', ')}`)
}
