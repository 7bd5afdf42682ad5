import { DEFAULT_EXPORT_SEED, optionsOf } from './options.js'
import { pythonList, pythonNumber, pythonString } from './text/python.js'
import type { Exporter } from './types.js'

/** Source: `interleave_datasets` of Hugging Face datasets as of July 2026. */
export const hfInterleave: Exporter = {
  id: 'hf-interleave',
  title: 'Hugging Face datasets: interleave_datasets',
  mediaType: 'text/x-python',
  fileName: 'interleave_mixture.py',
  unit: 'examples',
  unitNote:
    'Examples are drawn with these probabilities: they are shares of tokens only when the examples of all domains are ' +
    'equally long (packed, say).',
  phases: false,
  optionsSchema: optionsOf('seed', 'stoppingStrategy'),
  write({ phases }, { seed = DEFAULT_EXPORT_SEED, stoppingStrategy = 'all_exhausted' }) {
    const [{ shares }] = phases
    const names = shares.map(({ name }) => pythonString(name))
    const probabilities = shares.map(({ weight }) => pythonNumber(weight))
    const text = `from datasets import interleave_datasets

DOMAINS = ${pythonList(names, '')}
PROBABILITIES = ${pythonList(probabilities, '')}


def mix(datasets):
    """Interleaves the datasets of a dict from domain name to dataset."""
    return interleave_datasets(
        [datasets[domain] for domain in DOMAINS],
        probabilities=PROBABILITIES,
        seed=${seed},
        stopping_strategy=${pythonString(stoppingStrategy)},
    )
`
    return { text, realised: phases, warnings: [] }
  },
}
