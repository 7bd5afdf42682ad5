import type { ParsedTable } from './table.js'
import { enumerated } from './table-problems.js'

/** Names kept for one reason; the others are only counted. */
const MOST_NAMES = 1_000

/** What was left out of an import, by reason. */
export class LeftOut {
  readonly #reasons = new Map<string, { code: string; names: Set<string>; more: number }>()

  add(code: string, reason: string, name: string): void {
    const known = this.#reasons.get(reason) ?? { code, names: new Set(), more: 0 }
    this.#reasons.set(reason, known)
    if (known.names.size < MOST_NAMES) known.names.add(name)
    else if (!known.names.has(name)) known.more++
  }

  warnings(): ParsedTable['warnings'] {
    return [...this.#reasons].map(([reason, { code, names, more }]) => {
      const count = names.size + more
      return { code, message: `${count} ${reason}: ${enumerated([...names], 10)}` }
    })
  }
}
