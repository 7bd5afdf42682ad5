import { optionsOf } from './options.js'
import { readPaths } from './paths.js'
import { quantiseSamples } from './quantise.js'
import { Decimal, yamlText } from './text/yaml.js'
import type { Exporter } from './types.js'

/** Source: `datasets[].class_args.train_data_path` of lm-engine as of August 2026. */
export const lmEngine: Exporter = {
  id: 'lm-engine',
  title: 'lm-engine: train_data_path for datasets[].class_args',
  mediaType: 'application/yaml',
  fileName: 'lm-engine-blend.yaml',
  unit: 'samples of the sequence length',
  phases: false,
  optionsSchema: optionsOf('paths', 'tokens', 'sequenceLength'),
  write(plan, options) {
    const [{ shares }] = plan.phases
    const quantised = quantiseSamples(shares, options)
    const paths = readPaths(plan, options, { objection: edgeSpace })
    const blend = quantised.shares.flatMap(({ name, weight }) => [
      new Decimal(weight),
      paths.of(name),
    ])
    return {
      text: yamlText((inline) => ({ train_data_path: inline(blend) })),
      realised: [{ startStep: 0, shares: quantised.realised }],
      warnings: [...quantised.warnings, ...paths.warnings],
    }
  },
}

/** The paths are stripped when they are read. */
function edgeSpace(path: string): string | undefined {
  return path === path.trim() ? undefined : 'white space at its ends is lost'
}
