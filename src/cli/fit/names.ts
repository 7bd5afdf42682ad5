import { MixwrightError } from '../../errors.js'
import { nameOfColumn } from '../../formats/importers/index.js'
import { nearestNames } from '../../formats/nearest-name.js'
import { nameList } from '../../optimizers/name-list.js'
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
   * The known names that names in a file stand for, in their order.
   * @throws MixwrightError `validation-failed` that names every one that is not known, and those that stand for the same
   */
  resolve(names: readonly string[], file: string): string[] {
    const unknown = names.filter((name) => this.find(name) === undefined)
    const errors = unknown.map((name) => `${this.#unknown(name)}. ${this.#suggestion(name)}`)
    refuseNames(`${file} has unknown names`, errors)
    const found = names.map((name) => this.find(name) ?? name)
    const twice = found.flatMap((name, i) => {
      const first = found.indexOf(name)
      return first === i ? [] : [`"${names[first]}" and "${names[i]}" are the same ${this.#kind}`]
    })
    refuseNames(`${file} names a ${this.#kind} twice`, twice)
    return found
  }

  /**
   * A copy of a map from a file, keyed by the known names.
   * @throws MixwrightError as `resolve`
   */
  rekey<T>(map: Record<string, T>, file: string): Record<string, T> {
    const names = this.resolve(Object.keys(map), file)
    const values = Object.values(map)
    return Object.fromEntries(names.map((name, i) => [name, values[i]]))
  }

  #unknown(name: string): string {
    return `"${name}" is not a ${this.#kind} of the tables`
  }

  #suggestion(name: string): string {
    const near = nearestNames(name, this.known, 3)
    if (near.length > 0) return `Did you mean ${near.map((like) => `"${like}"`).join(' or ')}?`
    return `The ${this.#kind}s are ${nameList(this.known)}.`
  }
}

function refuseNames(message: string, details: readonly string[]): void {
  if (details.length === 0) return
  const errors = details.map((detail) => ({ pointer: '', detail }))
  throw new MixwrightError('validation-failed', message, errors)
}
