import { optionsOf } from './options.js'
import { pythonNumber, pythonString } from './text/python.js'
import type { Exporter } from './types.js'

/** Children keep their order, because another one reseeds those that come later. Source: torchtitan's data docs, August 2026. */
export const torchtitan: Exporter = {
  id: 'torchtitan',
  title: 'torchtitan: DatasetMixConfig',
  mediaType: 'text/x-python',
  fileName: 'torchtitan_mixture.py',
  unit: 'what the children give: rows when they are packed, else documents',
  unitNote:
    'Pack the children first: then rows of one length are mixed, and the weights are shares of tokens. Mixed first, they are ' +
    'shares of documents.',
  phases: false,
  optionsSchema: optionsOf(),
  write({ phases }) {
    const [{ shares }] = phases
    const children = shares.map(
      ({ name, weight }) =>
        `            WeightedDataset(dataset=datasets[${pythonString(name)}], weight=${pythonNumber(weight)}),\n`,
    )
    const text = `from torchtitan.components.data import DatasetMixConfig, WeightedDataset


def mix(datasets):
    """Mixes the (packed) datasets of a dict from domain name to dataset config."""
    return DatasetMixConfig(
        datasets=(
${children.join('')}        ),
    )
`
    return { text, realised: phases, warnings: [] }
  },
}
