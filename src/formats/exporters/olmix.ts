import { type ExportOptions, maxEpochsOf, optionsOf } from './options.js'
import { refuseField } from './refusals.js'
import { Decimal, yamlText } from './text/yaml.js'
import type { Exporter, ExportPlan, Share } from './types.js'

/** Weights multiply along the tree; those of the children of a node sum to 1. Source: olmix' launch configs, March 2026. */
export const olmix: Exporter = {
  id: 'olmix',
  title: 'olmix: launch mix',
  mediaType: 'application/yaml',
  fileName: 'olmix-mix.yaml',
  unit: 'tokens',
  phases: false,
  optionsSchema: optionsOf('maxEpochs', 'separator'),
  write(plan, options) {
    const { separator } = options
    const leaves = plan.phases[0].shares.map(({ name, weight }) => ({
      name,
      weight,
      levels: separator === undefined ? [name] : name.split(separator),
    }))
    const repetitionOf = ({ name }: Share) => new Decimal(repetitionFactor(name, plan, options))
    return {
      text: yamlText(() => ({ mix: tree(leaves, 0, 1, repetitionOf) })),
      realised: plan.phases,
      warnings: [],
    }
  },
}

interface Leaf extends Share {
  levels: readonly string[]
}

/** @param total what the weights of the leaves sum to */
function tree(
  leaves: readonly Leaf[],
  depth: number,
  total: number,
  repetitionOf: (leaf: Share) => Decimal,
): Map<string, unknown> {
  const byName = new Map<string, Leaf[]>()
  for (const leaf of leaves) {
    const name = leaf.levels[depth]
    byName.set(name, [...(byName.get(name) ?? []), leaf])
  }
  return new Map(
    [...byName].map(([name, group]) => {
      const isLeaf = group.some(({ levels }) => levels.length === depth + 1)
      refuseLevel(name, group, isLeaf)
      if (isLeaf) {
        const [leaf] = group
        const weight = new Decimal(leaf.weight / total)
        return [
          name,
          new Map<string, unknown>([
            ['weight', weight],
            ['repetition_factor', repetitionOf(leaf)],
          ]),
        ]
      }
      const sum = group.reduce((partial, { weight }) => partial + weight, 0)
      const children = tree(group, depth + 1, sum, repetitionOf)
      return [name, new Map<string, unknown>([['weight', new Decimal(sum / total)], ...children])]
    }),
  )
}

const OWN_KEYS = ['weight', 'repetition_factor']

function refuseLevel(name: string, group: readonly Leaf[], isLeaf: boolean): void {
  const [leaf] = group
  if (name === '') {
    refuseField('/options/separator', `It leaves "${leaf.name}" with a level that has no name.`)
  }
  if (leaf.levels.length > 1 && OWN_KEYS.includes(name)) {
    refuseField(
      '/options/separator',
      `It makes a level named "${name}" of "${leaf.name}", a word that olmix uses.`,
    )
  }
  if (isLeaf && group.length > 1) {
    const names = group.map((one) => `"${one.name}"`).join(', ')
    refuseField(
      '/options/separator',
      `It makes a domain and a group of domains of one name: ${names}.`,
    )
  }
}

function repetitionFactor(name: string, plan: ExportPlan, options: ExportOptions): number {
  return Math.max(1, maxEpochsOf(name, plan, options))
}
