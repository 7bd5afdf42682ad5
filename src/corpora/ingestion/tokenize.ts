import { createHash, type Hash } from 'node:crypto'
import { renameSync } from 'node:fs'
import type { Tokenizer } from '../../training/tokenizer/index.js'
import { SPLITS, type Split } from '../corpus-files.js'
import type { IngestProgress } from '../types.js'
import { AppendFile, remove, syncFolder } from './disk.js'
import type { Ingestion } from './ingestion.js'
import { readSpool } from './spool.js'
import { saveState } from './state.js'

const LARGEST_UINT16 = 65_536

/** Bytes of a token id in the shards. */
export function tokenBytes(vocabularySize: number): 2 | 4 {
  return vocabularySize <= LARGEST_UINT16 ? 2 : 4
}

/** Third phase: spools become shards, domain after domain. */
export async function tokenizeSpools(ingestion: Ingestion, tokenizer: Tokenizer): Promise<void> {
  const { files, state } = ingestion
  const work = new Tokenizing(ingestion, tokenizer)
  work.report('tokenizing')
  for (const [i, domain] of state.domains.entries()) {
    if (!domain.shards) {
      const hash = createHash('sha256')
      const trainTokens = await work.writeShard(i, 'train', hash)
      const validationTokens = await work.writeShard(i, 'validation', hash)
      syncFolder(files.folder)
      domain.shards = { trainTokens, validationTokens, hash: hash.digest('hex') }
      saveState(files, state)
    }
    for (const split of SPLITS) ingestion.budget.release(remove(files.spool(i, split)))
  }
  work.report('all text is tokenized')
}

class Tokenizing {
  readonly #ingestion: Ingestion
  readonly #tokenizer: Tokenizer
  readonly #total: number
  #done: number

  constructor(ingestion: Ingestion, tokenizer: Tokenizer) {
    const { domains } = ingestion.state
    const bytes = (of: typeof domains) =>
      of.reduce((sum, { train, validation }) => sum + train.bytes + validation.bytes, 0)
    this.#ingestion = ingestion
    this.#tokenizer = tokenizer
    this.#total = bytes(domains)
    this.#done = bytes(domains.filter(({ shards }) => shards))
  }

  /** @returns tokens */
  async writeShard(domain: number, split: Split, hash: Hash): Promise<number> {
    const { files, budget, pacer, state } = this.#ingestion
    const shard = files.shard(domain, split)
    const temporary = `${shard}.tmp`
    const file = new AppendFile(temporary, budget)
    const { vocabularySize, endOfText } = this.#tokenizer
    const width = tokenBytes(vocabularySize)
    const message = `tokenizing ${this.#ingestion.domainNames[domain]}`
    try {
      const spooled = state.domains[domain][split].documents > 0
      for (const text of spooled ? readSpool(files.spool(domain, split)) : []) {
        const bytes = packed(this.#tokenizer.encode(text.toString()), endOfText, width)
        hash.update(bytes)
        file.write(bytes)
        this.#done += text.length
        if (pacer.due) await pacer.turn(this.#progress(message))
      }
      file.sync()
      renameSync(temporary, shard)
      return file.length / width
    } finally {
      file.close()
    }
  }

  report(message: string): void {
    this.#ingestion.pacer.report(this.#progress(message))
  }

  #progress(message: string): IngestProgress {
    return { phase: 'tokenize', done: this.#done, total: this.#total, message }
  }
}

/** The ids of a document and the end of text, little-endian. */
function packed(ids: Int32Array, endOfText: number, width: 2 | 4): Uint8Array {
  const tokens = width === 2 ? new Uint16Array(ids.length + 1) : new Uint32Array(ids.length + 1)
  tokens.set(ids)
  tokens[ids.length] = endOfText
  return new Uint8Array(tokens.buffer)
}
