import { MixwrightError } from '../../errors.js'
import { didYouMean } from '../../formats/nearest-name.js'
import type { DomainTokens, TokenArray } from '../../training/types.js'
import type { DomainManifest, SharedCorpus } from '../types.js'

/**
 * Domains of a corpus in the order of the names, as views of the shared memory.
 *
 * `bytesPerToken` counts end-of-text tokens; it is that of the training text for a domain without validation text, and 0
 * for one without any.
 * @throws MixwrightError `validation-failed` for a name that the corpus does not have
 */
export function domainTokens(corpus: SharedCorpus, names: readonly string[]): DomainTokens[] {
  const { domains, tokenBytes } = corpus.manifest
  const known = domains.map(({ name }) => name)
  return names.map((name) => {
    const place = known.indexOf(name)
    if (place < 0) {
      const detail = `the corpus has no domain "${name}"${didYouMean(name, known)}`
      throw new MixwrightError('validation-failed', detail)
    }
    return {
      name,
      train: new SharedTokens(corpus.shards[place].train, tokenBytes),
      validation: new SharedTokens(corpus.shards[place].validation, tokenBytes),
      bytesPerToken: bytesPerToken(domains[place]),
    }
  })
}

function bytesPerToken({ train, validation }: DomainManifest): number {
  const { bytes, tokens } = validation.tokens > 0 ? validation : train
  return tokens > 0 ? bytes / tokens : 0
}

class SharedTokens implements TokenArray {
  readonly #ids: Uint16Array | Uint32Array

  constructor(shard: SharedArrayBuffer, tokenBytes: 2 | 4) {
    this.#ids = tokenBytes === 2 ? new Uint16Array(shard) : new Uint32Array(shard)
  }

  get length(): number {
    return this.#ids.length
  }

  read(start: number, count: number, target: Int32Array, offset: number): void {
    const inside = Number.isInteger(start) && start >= 0 && start + count <= this.#ids.length
    if (!inside) {
      throw new RangeError(`tokens ${start} to ${start + count} of ${this.#ids.length}`)
    }
    target.set(this.#ids.subarray(start, start + count), offset)
  }
}
