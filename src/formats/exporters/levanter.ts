import { DEFAULT_BLOCK_SIZE, type ExportOptions, optionsOf } from './options.js'
import { type Quantised, quantise, truncatedCounts } from './quantise.js'
import { refuse, refuseField } from './refusals.js'
import { Decimal, yamlText } from './text/yaml.js'
import type { Exporter, ExportPlan, ExportWarning, Share } from './types.js'

/** Source: `MixtureDataset` in levanter/data/mixture.py as of September 2025. */
export const levanter: Exporter = {
  id: 'levanter',
  title: 'Levanter, Marin: train_weights',
  mediaType: 'application/yaml',
  fileName: 'levanter-mixture.yaml',
  unit: 'sequences',
  phases: true,
  optionsSchema: optionsOf('blockSize', 'batchSize', 'targetBudget', 'experimentBudget'),
  write(plan, options) {
    const { blockSize = DEFAULT_BLOCK_SIZE } = options
    const { mixture_block_size, ...budgets } = settings(options)
    const startWarnings = checkStarts(plan, blockSize, options.batchSize)
    const stages = plan.phases.map(({ startStep, shares }) => ({
      startStep,
      ...inBlocks(shares, blockSize),
    }))
    return {
      text: yamlText((inline) => ({
        data: {
          train_weights: plan.isSchedule
            ? stages.map(({ startStep, shares }) => inline([startStep, weightMap(shares)]))
            : weightMap(stages[0].shares),
          ...(mixture_block_size !== undefined && { mixture_block_size }),
          ...budgets,
        },
      })),
      realised: stages.map(({ startStep, realised }) => ({ startStep, shares: realised })),
      warnings: [...stages.flatMap(({ warnings }) => warnings), ...startWarnings],
    }
  },
}

function weightMap(shares: readonly Share[]): Map<string, Decimal> {
  return new Map(shares.map(({ name, weight }) => [name, new Decimal(weight)]))
}

/** In each block, counts are truncated, and what is left goes to the first of the largest. */
function inBlocks(shares: readonly Share[], blockSize: number): Quantised {
  const countsOf = (weights: readonly number[]) => {
    const sum = weights.reduce((total, weight) => total + weight, 0)
    const counts = truncatedCounts(
      weights.map((weight) => weight / sum),
      blockSize,
    )
    const largest = counts.indexOf(counts.reduce((a, b) => Math.max(a, b), 0))
    counts[largest] += blockSize - counts.reduce((a, b) => a + b, 0)
    return counts
  }
  return quantise(shares, countsOf, `below 1/${blockSize} of a block`, '/options/blockSize')
}

/** Steps become sequences by the batch size, and phases may begin between blocks only. */
function checkStarts(
  { phases }: ExportPlan,
  blockSize: number,
  batchSize: number | undefined,
): ExportWarning[] {
  const inside = phases.filter(({ startStep }) => (startStep * (batchSize ?? 1)) % blockSize !== 0)
  if (inside.length === 0) return []
  const starts = inside.map(({ startStep }) => startStep)
  if (batchSize === undefined) {
    const message =
      `Step ${starts.join(', ')} times the batch size has to be a multiple of the block size ${blockSize}; give ` +
      '`batchSize` to have that checked.'
    return [{ code: 'start-unchecked', message }]
  }
  const stride = blockSize / greatestCommonDivisor(blockSize, batchSize)
  refuse(
    phases.flatMap(({ startStep }, i) => {
      if (!starts.includes(startStep)) return []
      const nearest = Math.max(1, Math.round(startStep / stride)) * stride
      const detail =
        `With ${batchSize} sequences a step and blocks of ${blockSize}, phases begin at multiples of ${stride} steps; ` +
        `${nearest} is near ${startStep}.`
      return [{ pointer: `/phases/${i}/startStep`, detail }]
    }),
  )
  return []
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function settings({ blockSize, targetBudget, experimentBudget }: ExportOptions) {
  if ((targetBudget === undefined) !== (experimentBudget === undefined)) {
    const missing = targetBudget === undefined ? 'targetBudget' : 'experimentBudget'
    refuseField(
      `/options/${missing}`,
      'Give `targetBudget` and `experimentBudget` together, or neither.',
    )
  }
  return {
    mixture_block_size: blockSize,
    ...(targetBudget !== undefined && {
      target_budget: targetBudget,
      experiment_budget: experimentBudget,
    }),
  }
}
