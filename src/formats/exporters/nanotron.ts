import { DEFAULT_EXPORT_SEED, optionsOf } from './options.js'
import { readPaths } from './paths.js'
import { Decimal, yamlText } from './text/yaml.js'
import type { Exporter } from './types.js'

/** Source: `DatasetStageArgs` and `NanosetDatasetsArgs` of nanotron as of April 2026. Its steps are counted from 1. */
export const nanotron: Exporter = {
  id: 'nanotron',
  title: 'nanotron: data_stages',
  mediaType: 'application/yaml',
  fileName: 'nanotron-data-stages.yaml',
  unit: 'samples of the sequence length',
  phases: true,
  optionsSchema: optionsOf('paths', 'seed', 'workers'),
  write(plan, options) {
    const { seed = DEFAULT_EXPORT_SEED, workers = 1 } = options
    const paths = readPaths(plan, options)
    const text = yamlText((inline) => ({
      data_stages: plan.phases.map(({ startStep, shares }, i) => ({
        name: `Phase ${i + 1}`,
        start_training_step: startStep + 1,
        data: {
          dataset: {
            dataset_folder: inline(shares.map(({ name }) => paths.of(name))),
            dataset_weights: inline(shares.map(({ weight }) => new Decimal(weight))),
          },
          num_loading_workers: workers,
          seed,
        },
      })),
    }))
    return { text, realised: plan.phases, warnings: paths.warnings }
  },
}
