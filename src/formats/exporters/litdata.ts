import { DEFAULT_EXPORT_SEED, optionsOf } from './options.js'
import { readPaths } from './paths.js'
import { pythonList, pythonNumber, pythonString } from './text/python.js'
import type { Exporter } from './types.js'

/** With weights, `iterate_over_all=True` (the default) raises. Source: `CombinedStreamingDataset` of litdata, August 2026. */
export const litdata: Exporter = {
  id: 'litdata',
  title: 'litdata, LitGPT: CombinedStreamingDataset',
  mediaType: 'text/x-python',
  fileName: 'litdata_mixture.py',
  unit: 'samples',
  unitNote:
    'Samples are drawn with these weights: they are shares of tokens when all samples have one length (a TokensLoader).',
  phases: false,
  optionsSchema: optionsOf('paths', 'seed'),
  write(plan, options) {
    const [{ shares }] = plan.phases
    const { seed = DEFAULT_EXPORT_SEED } = options
    const paths = readPaths(plan, options)
    const folders = shares.map(({ name }) => pythonString(paths.of(name)))
    const weights = shares.map(({ weight }) => pythonNumber(weight))
    const text = `from litdata import CombinedStreamingDataset, StreamingDataset

INPUT_DIRS = ${pythonList(folders, '')}
WEIGHTS = ${pythonList(weights, '')}


def mix(**options):
    """Combines the folders; the options are those of each StreamingDataset."""
    return CombinedStreamingDataset(
        datasets=[StreamingDataset(input_dir=folder, **options) for folder in INPUT_DIRS],
        weights=WEIGHTS,
        seed=${seed},
        iterate_over_all=False,
    )
`
    return { text, realised: plan.phases, warnings: paths.warnings }
  },
}
