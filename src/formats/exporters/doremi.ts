import { optionsOf } from './options.js'
import type { Exporter } from './types.js'

/** Source: the domain configs of DoReMi (github.com/sangmichaelxie/doremi). */
export const doremi: Exporter = {
  id: 'doremi',
  title: 'DoReMi: domain config',
  mediaType: 'application/json',
  fileName: 'doremi-domains.json',
  unit: 'samples of the sequence length',
  phases: false,
  optionsSchema: optionsOf(),
  write({ phases }) {
    const [{ shares }] = phases
    const weights = Object.fromEntries(shares.map(({ name, weight }) => [name, weight]))
    return {
      text: `${JSON.stringify({ train_domain_weights: weights }, null, 2)}\n`,
      realised: phases,
      warnings: [],
    }
  },
}
