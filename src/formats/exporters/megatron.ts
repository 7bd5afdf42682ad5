import { blendWords, megatronObjection } from './megatron-blend.js'
import { type ExportOptions, optionsOf } from './options.js'
import { readPaths } from './paths.js'
import { quantiseSamples } from './quantise.js'
import { refuseField } from './refusals.js'
import { shellWord } from './text/shell.js'
import type { Exporter } from './types.js'

/** Source: `get_blend_from_list` in megatron/core/datasets/utils.py; arguments as of August 2026. */
export const megatron: Exporter = {
  id: 'megatron',
  title: 'Megatron-LM, NeMo, Megatron-Bridge: argument line',
  mediaType: 'text/plain',
  fileName: 'megatron-arguments.txt',
  unit: 'samples of the sequence length',
  phases: false,
  optionsSchema: optionsOf('paths', 'argument', 'split', 'tokens', 'sequenceLength'),
  write(plan, options) {
    const [{ shares }] = plan.phases
    const quantised = quantiseSamples(shares, options)
    const paths = readPaths(plan, options, { objection: megatronObjection })
    const words = blendWords(quantised.shares, paths.of)
    return {
      text: `${argumentLine(words, options)}\n`,
      realised: [{ startStep: 0, shares: quantised.realised }],
      warnings: [...quantised.warnings, ...paths.warnings],
    }
  },
}

function argumentLine(words: readonly string[], options: ExportOptions): string {
  const { argument = 'train-data-path', split } = options
  if (argument === 'data-path') {
    if (split === undefined) {
      refuseField(
        '/options/split',
        'With `data-path`, Megatron needs to be told the split: `969,30,1`, say.',
      )
    }
    return `--data-path ${words.map(shellWord).join(' ')} --split ${split}`
  }
  if (split !== undefined) {
    refuseField('/options/split', `It goes with \`data-path\` only, not with \`${argument}\`.`)
  }
  // The file is split at white space and knows no quotes.
  if (argument === 'data-args-path') return words.join(' ')
  return `--train-data-path ${words.map(shellWord).join(' ')}`
}
