import { optionsOf } from './options.js'
import { readPaths } from './paths.js'
import { plainDecimal } from './text/decimal.js'
import { yamlText } from './text/yaml.js'
import type { Exporter } from './types.js'

/** Paths are names of dataset_info.json here. Source: LLaMA-Factory's data arguments as of August 2026. */
export const llamaFactory: Exporter = {
  id: 'llama-factory',
  title: 'LLaMA-Factory: interleave_probs',
  mediaType: 'application/yaml',
  fileName: 'llama-factory-data.yaml',
  unit: 'examples',
  unitNote:
    'Examples are drawn with these probabilities: they are shares of tokens only when the examples of all domains are ' +
    'equally long.',
  phases: false,
  optionsSchema: optionsOf('paths', 'mixStrategy', 'streaming'),
  write(plan, options) {
    const [{ shares }] = plan.phases
    const { mixStrategy = 'interleave_over', streaming = true } = options
    const paths = readPaths(plan, options, { objection: listObjection })
    const text = yamlText(() => ({
      dataset: shares.map(({ name }) => paths.of(name)).join(','),
      mix_strategy: mixStrategy,
      interleave_probs: shares.map(({ weight }) => plainDecimal(weight)).join(','),
      streaming,
    }))
    return { text, realised: plan.phases, warnings: paths.warnings }
  },
}

/** The list is split at commas, and its items are stripped. */
function listObjection(path: string): string | undefined {
  if (path.includes(',')) return 'LLaMA-Factory splits its list of datasets at commas'
  return path === path.trim() ? undefined : 'white space at its ends is lost'
}
