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
 * @throws UsageError for unknown methods, labels given twice, and parameters of no method or given twice
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
    const [one, other] = labelled.filter(({ label }) => label === twice)
    throw new UsageError(
      `--method: two methods have the label "${twice}"`,
      `Give each a label of its own, as label=name: --method a=${one.name} --method b=${other.name}.`,
    )
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
  for (const [text, value] of Object.entries(param)) {
    const { label = onlyLabel(text, labels), key } = labelledKey(text, labels)
    const known = params.get(label) ?? {}
    if (Object.hasOwn(known, key)) {
      throw new UsageError(
        `--param: "${key}" is given twice for "${label}"`,
        'Give it once, with the label or without.',
      )
    }
    params.set(label, { ...known, [key]: value })
  }
  return params
}

/** The longest label that fits: labels may have dots. */
function labelledKey(text: string, labels: readonly string[]): { label?: string; key: string } {
  const fitting = labels.filter((label) => text.startsWith(`${label}.`))
  const [label] = fitting.toSorted((a, b) => b.length - a.length)
  return { label, key: label === undefined ? text : text.slice(label.length + 1) }
}

/** @throws UsageError where it is not clear whose parameter it is; names of parameters have no dots */
function onlyLabel(text: string, labels: readonly string[]): string {
  if (labels.length === 1 && !text.includes('.')) return labels[0]
  const key = text.slice(text.lastIndexOf('.') + 1)
  throw new UsageError(
    `--param: "${text}" begins with no label; the labels are ${labels.join(', ')}`,
    `Write, for instance, --param ${labels[0]}.${key}=value.`,
  )
}

function requireLabel(label: string, labels: readonly string[], option: string): void {
  if (labels.includes(label)) return
  throw new UsageError(
    `${option}: "${label}" is no label; the labels are ${labels.join(', ')}`,
    'A method is labelled as in --method label=name; without a label its name is the label.',
  )
}
