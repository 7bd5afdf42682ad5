import { type ExportOptions, maxEpochsOf, optionsOf } from './options.js'
import { readPaths } from './paths.js'
import { quantise, truncatedCounts } from './quantise.js'
import { Decimal, yamlText } from './text/yaml.js'
import type { Exporter, ExportPlan, ExportWarning, Share } from './types.js'

/** Source: `SourceMixtureConfig` and `SourceMixtureDatasetConfig.build` in olmo_core/data/source_mixture.py, June 2026. */
export const olmoCore: Exporter = {
  id: 'olmo-core',
  title: 'OLMo-core: SourceMixtureList',
  mediaType: 'application/yaml',
  fileName: 'olmo-core-mixture.yaml',
  unit: 'tokens',
  phases: false,
  optionsSchema: optionsOf('paths', 'tokens', 'maxEpochs'),
  write(plan, options) {
    const [{ shares }] = plan.phases
    const { shares: kept, realised, warnings } = quantiseTokens(shares, options)
    const paths = readPaths(plan, options, { lists: true })
    const sources = kept.map(({ name, weight }) => ({
      source_name: name,
      target_ratio: new Decimal(weight),
      paths: paths.lists.get(name),
      ...repetition(maxEpochsOf(name, plan, options)),
    }))
    return {
      text: yamlText((inline) => ({
        sources: sources.map((source) => ({ ...source, paths: inline(source.paths ?? []) })),
      })),
      realised: [{ startStep: 0, shares: realised }],
      warnings: [...warnings, ...paths.warnings, ...insufficientTokens(kept, plan, options)],
    }
  },
}

function quantiseTokens(shares: readonly Share[], { tokens }: ExportOptions) {
  if (tokens === undefined) return { shares, realised: shares, warnings: [] }
  const countsOf = (weights: readonly number[]) => truncatedCounts(weights, tokens)
  return quantise(shares, countsOf, `below one token of ${tokens}`, '/options/tokens')
}

/** A cap below one pass is a fraction of the source; the ratio of repetition cannot be below 1. */
function repetition(maxEpochs: number) {
  return {
    max_repetition_ratio: new Decimal(Math.max(1, maxEpochs)),
    ...(maxEpochs < 1 && { max_source_fraction: new Decimal(maxEpochs) }),
  }
}

/** OLMo-core refuses to start when a source has fewer tokens than its ratio asks for, all repetition included. */
function insufficientTokens(
  shares: readonly Share[],
  plan: ExportPlan,
  options: ExportOptions,
): ExportWarning[] {
  const { tokens } = options
  if (tokens === undefined) return []
  return shares.flatMap(({ name, weight }) => {
    const available = plan.domains.get(name)?.tokens
    const maxEpochs = maxEpochsOf(name, plan, options)
    const needed = Math.trunc(tokens * weight)
    if (available === undefined || Math.trunc(available * maxEpochs) >= needed) return []
    const message =
      `"${name}" needs ${needed} tokens and has ${available}, at most ${maxEpochs} times: OLMo-core will refuse to ` +
      'start. Raise the cap on its repetition, lower its weight, or train on fewer tokens.'
    return [{ code: 'tokens-insufficient' as const, message }]
  })
}
