import { MixwrightError } from '../../errors.js'
import { nameOfColumn } from '../../formats/importers/index.js'
import { nearestNames } from '../../formats/nearest-name.js'
import { UsageError } from '../failures.js'

/** Finds the known names that a user's words stand for: a name itself, or the column's header with its prefix. */
export class NameResolver {
  readonly known: readonly string[]
  readonly #kind: 'domain' | 'metric'
  readonly #prefix: string
  readonly #set: ReadonlySet<string>

  constructor(kind: 'domain' | 'metric', prefix: string, known: readonly string[]) {
    this.#kind = kind
    this.#prefix = prefix
    this.known = known
    this.#set = new Set(known)
  }

  find(name: string): string | undefined {
    return nameOfColumn(name, this.#prefix, this.#set)
  }

  /** @throws UsageError that names the option and the nearest names */
  require(name: string, option: string): string {
    const found = this.find(name)
    if (found !== undefined) return found
    throw new UsageError(`${option}: ${this.#unknown(name)}`, this.#suggestion(name))
  }

  /**
   * A copy of a map from a file, keyed by the known names.
   * @throws MixwrightError `validation-failed` that names every key that is not known
   */
  rekey<T>(map: Record<string, T>, file: string): Record<string, T> {
    const errors = Object.keys(map)
      .filter((key) => this.find(key) === undefined)
      .map((key) => ({ pointer: '', detail: `${this.#unknown(key)}. ${this.#suggestion(key)}` }))
    if (errors.length > 0) {
      throw new MixwrightError('validation-failed', `${file} has unknown names`, errors)
    }
    return Object.fromEntries(
      Object.entries(map).map(([key, value]) => [this.find(key) ?? key, value]),
    )
  }

  #unknown(name: string): string {
    return `"${name}" is not a ${this.#kind} of the tables`
  }

  #suggestion(name: string): string {
    const near = nearestNames(name, this.known, 3)
    if (near.length > 0) return `Did you mean ${near.map((like) => `"${like}"`).join(' or ')}?`
    const shown = this.known.slice(0, 10).join(', ')
    const more = this.known.length > 10 ? ` and ${this.known.length - 10} more` : ''
    return `The ${this.#kind}s are ${shown}${more}.`
  }
}
