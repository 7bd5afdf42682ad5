import { optionsOf } from './options.js'
import { plainRows } from './plain-rows.js'
import type { Exporter } from './types.js'

/** A list of objects, as olmix writes its fits: names stay what they are, and in order. */
export const json: Exporter = {
  id: 'json',
  title: 'JSON: a list of domains with their weights',
  mediaType: 'application/json',
  fileName: 'mixture.json',
  unit: 'tokens',
  phases: true,
  optionsSchema: optionsOf('tokens'),
  write(plan, options) {
    const { rows, realised } = plainRows(plan, options)
    return { text: `${JSON.stringify(rows, null, 2)}\n`, realised, warnings: [] }
  },
}
