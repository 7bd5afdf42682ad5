import { type ExportOptions, optionsOf } from './options.js'
import { readPaths } from './paths.js'
import { type Quantised, quantise, samplesOf, truncatedCounts } from './quantise.js'
import { refuse, unknownNames } from './refusals.js'
import { Decimal, yamlText } from './text/yaml.js'
import type { Exporter, ExportPlan, ExportWarning, Share } from './types.js'

/** Source: `Stream.apply_weights` of MosaicML Streaming, and LLM Foundry's train_loader, as of July 2025. */
export const mosaicml: Exporter = {
  id: 'mosaicml',
  title: 'MosaicML Streaming, LLM Foundry: streams with proportions',
  mediaType: 'application/yaml',
  fileName: 'mosaicml-train-loader.yaml',
  unit: 'samples (tokens, when the samples are packed to one length)',
  phases: false,
  optionsSchema: optionsOf(
    ...([
      'paths',
      'localPaths',
      'batchingMethod',
      'epochSize',
      'tokens',
      'sequenceLength',
    ] as const),
  ),
  write(plan, options) {
    const [{ shares }] = plan.phases
    const epochSize = options.epochSize ?? samplesOf(options)
    const quantised = perEpoch(shares, epochSize)
    const paths = readPaths(plan, options)
    const locals = localPaths(plan, options)
    const streams = new Map(
      quantised.shares.map(({ name, weight }) => {
        const local = locals.get(name)
        const proportion = new Decimal(weight)
        return [name, { remote: paths.of(name), ...(local !== undefined && { local }), proportion }]
      }),
    )
    const dataset = {
      streams,
      batching_method: options.batchingMethod ?? 'stratified',
      ...(epochSize !== undefined && { epoch_size: epochSize }),
    }
    return {
      text: yamlText(() => ({ train_loader: { dataset } })),
      realised: [{ startStep: 0, shares: quantised.realised }],
      warnings: [...quantised.warnings, ...paths.warnings, ...unsetEpoch(epochSize)],
    }
  },
}

/** Counts are truncated; the few samples that are left go one each to streams drawn at random, which cannot be foreseen. */
function perEpoch(shares: readonly Share[], epochSize: number | undefined): Quantised {
  if (epochSize === undefined) return { shares, realised: shares, warnings: [] }
  const countsOf = (weights: readonly number[]) => truncatedCounts(weights, epochSize)
  const resolution = `below one sample of ${epochSize} in an epoch`
  return quantise(shares, countsOf, resolution, '/options/epochSize')
}

/** Two streams in one folder would take each other's shards for theirs. */
function localPaths(
  plan: ExportPlan,
  { localPaths: given = {} }: ExportOptions,
): Map<string, string> {
  const locals = new Map(Object.entries(given))
  const values = [...locals.values()]
  const shared = [...locals].filter(([, path], i) => values.indexOf(path) < i)
  refuse([
    ...unknownNames([...locals.keys()], plan.domains, '/options/localPaths'),
    ...shared.map(([, path]) => ({
      pointer: '/options/localPaths',
      detail: `Every stream needs a folder of its own; ${JSON.stringify(path)} is given twice.`,
    })),
  ])
  return locals
}

function unsetEpoch(epochSize: number | undefined): ExportWarning[] {
  if (epochSize !== undefined) return []
  const message =
    'Without `epochSize` (or `tokens` and `sequenceLength`) an epoch has as many samples as all streams together, and the ' +
    'counts are truncated from that.'
  return [{ code: 'epoch-size-unset', message }]
}
