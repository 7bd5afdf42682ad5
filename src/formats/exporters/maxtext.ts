import { optionsOf } from './options.js'
import { readPaths } from './paths.js'
import type { Exporter } from './types.js'

/**
 * The form with names: the inline form rounds to four decimals, and cannot be resumed with other weights.
 * Source: `grain_train_mixture_config_path` of MaxText as of August 2026.
 */
export const maxtext: Exporter = {
  id: 'maxtext',
  title: 'MaxText (Grain): grain_train_mixture_config_path',
  mediaType: 'application/json',
  fileName: 'maxtext-mixture.json',
  unit: 'records',
  unitNote:
    'Records are drawn with these weights: they are shares of tokens only when the records of all domains are equally long.',
  phases: false,
  optionsSchema: optionsOf('paths'),
  write(plan, options) {
    const [{ shares }] = plan.phases
    const paths = readPaths(plan, options)
    const sources = shares.map(
      ({ name, weight }) => [name, { path: paths.of(name), weight }] as const,
    )
    return {
      text: `${JSON.stringify(Object.fromEntries(sources), null, 2)}\n`,
      realised: plan.phases,
      warnings: paths.warnings,
    }
  },
}
