import { closeSync, openSync, readSync } from 'node:fs'
import { MixwrightError } from '../../errors.js'
import { SPLITS, type Split } from '../corpus-files.js'
import {
  BEGINNING,
  placeOf,
  type ReadItem,
  readDocuments,
  type SourceFile,
  unreadable,
} from '../formats/index.js'
import type { IngestProgress } from '../types.js'
import { contentHash, HASH_BYTES, splitShare } from './content-hash.js'
import { AppendFile } from './disk.js'
import { HashSet } from './hash-set.js'
import type { Ingestion } from './ingestion.js'
import { writeDocument } from './spool.js'
import { type DomainState, saveState } from './state.js'

/** What is read anew after a crash, at most: so much text, or so long. */
const COMMIT_BYTES = 1 << 26
const COMMIT_MS = 2000

/** First phase: documents are read, told apart, split, and laid down in spools. */
export async function readSources(ingestion: Ingestion): Promise<void> {
  const { plan, state } = ingestion
  const reading = new Reading(ingestion)
  try {
    while (state.file < plan.files.length) {
      const { domain, file } = plan.files[state.file]
      await reading.readFile(domain, file)
    }
    reading.commit()
    ingestion.pacer.report(reading.progress())
  } catch (error) {
    // An abort strikes between two batches, where the state is whole.
    const { signal } = ingestion
    if (signal?.aborted && error === signal.reason) reading.commit()
    throw error
  } finally {
    reading.close()
  }
}

class Reading {
  readonly #ingestion: Ingestion
  readonly #seen: HashSet
  readonly #hashes: AppendFile
  #spools: { domain: number; train: AppendFile; validation: AppendFile } | undefined
  #bytesBefore: number
  #bytesRead = 0
  #uncommitted = 0
  #committed = performance.now()

  constructor(ingestion: Ingestion) {
    const { files, state, plan, budget } = ingestion
    this.#ingestion = ingestion
    this.#seen = restoreHashes(files.hashes, state.hashes)
    this.#hashes = new AppendFile(files.hashes, budget, state.hashes)
    this.#bytesBefore = plan.files
      .slice(0, state.file)
      .reduce((sum, { file }) => sum + file.bytes, 0)
  }

  async readFile(domain: number, file: SourceFile): Promise<void> {
    const { state, settings, pacer } = this.#ingestion
    const from = state.position
    const { maxDocumentBytes } = settings
    for await (const batch of readDocuments({ file, maxDocumentBytes, from })) {
      for (const item of batch.items) this.#take(domain, file, item)
      state.position = batch.position
      state.items += batch.items.length
      this.#bytesRead = batch.bytesRead
      if (this.#isDue()) this.commit()
      if (pacer.due) await pacer.turn(this.progress())
    }
    if (state.items === 0) this.#refuseOrSkip(domain, withoutDocuments(file))
    this.#finishFile(file)
    if (pacer.due) await pacer.turn(this.progress())
  }

  /** Makes the state the one to go on from. */
  commit(): void {
    const { state, files } = this.#ingestion
    this.#hashes.sync()
    state.hashes = this.#hashes.length
    this.#syncSpools()
    saveState(files, state)
    this.#uncommitted = 0
    this.#committed = performance.now()
  }

  progress(): IngestProgress {
    const { plan, state } = this.#ingestion
    const name = plan.files[state.file]?.file.name
    return {
      phase: 'read',
      done: this.#bytesBefore + this.#bytesRead,
      total: plan.bytes,
      message: name ? `reading ${name}` : 'all sources are read',
    }
  }

  close(): void {
    this.#hashes.close()
    this.#closeSpools()
  }

  #isDue(): boolean {
    const { length } = this.#hashes
    if (length === this.#ingestion.state.hashes) return false
    return this.#uncommitted >= COMMIT_BYTES || performance.now() - this.#committed >= COMMIT_MS
  }

  #finishFile(file: SourceFile): void {
    const { state } = this.#ingestion
    state.file++
    state.position = BEGINNING
    state.items = 0
    this.#bytesBefore += file.bytes
    this.#bytesRead = 0
    if (this.#isDue()) this.commit()
  }

  #take(domain: number, file: SourceFile, item: ReadItem): void {
    const counts = this.#ingestion.state.domains[domain]
    if ('problem' in item) {
      const detail = `${placeOf(file, item.record)}: ${item.problem}`
      this.#refuseOrSkip(domain, new MixwrightError('document-invalid', detail))
    } else if (isBlank(item.text)) {
      counts.empty++
    } else {
      this.#keep(domain, counts, item.text)
    }
  }

  #keep(domain: number, counts: DomainState, text: Uint8Array): void {
    const hash = contentHash(text)
    if (!this.#seen.add(hash)) {
      counts.duplicates++
      return
    }
    const { validationFraction } = this.#ingestion.settings
    const split: Split = splitShare(hash) < validationFraction ? 'validation' : 'train'
    writeDocument(this.#spool(domain, split), text)
    this.#hashes.write(hash.subarray(0, HASH_BYTES))
    counts[split].documents++
    counts[split].bytes += text.length
    this.#uncommitted += text.length
  }

  #refuseOrSkip(domain: number, error: MixwrightError): void {
    const { settings, state } = this.#ingestion
    if (settings.invalidDocuments === 'refuse') throw error
    state.domains[domain].skipped++
  }

  #spool(domain: number, split: Split): AppendFile {
    if (this.#spools?.domain !== domain) {
      this.#syncSpools()
      this.#closeSpools()
      const { files, state, budget } = this.#ingestion
      const open = (of: Split) =>
        new AppendFile(files.spool(domain, of), budget, state.domains[domain][of].spool)
      this.#spools = { domain, train: open('train'), validation: open('validation') }
    }
    return this.#spools[split]
  }

  #syncSpools(): void {
    if (!this.#spools) return
    for (const split of SPLITS) {
      this.#spools[split].sync()
      this.#ingestion.state.domains[this.#spools.domain][split].spool = this.#spools[split].length
    }
  }

  #closeSpools(): void {
    this.#spools?.train.close()
    this.#spools?.validation.close()
    this.#spools = undefined
  }
}

function restoreHashes(file: string, length: number): HashSet {
  const seen = new HashSet()
  if (length === 0) return seen
  const chunk = Buffer.allocUnsafe(1 << 16)
  const fd = openSync(file, 'r')
  try {
    for (let at = 0; at < length; at += chunk.length) {
      const read = readSync(fd, chunk, 0, Math.min(chunk.length, length - at), at)
      for (let i = 0; i + HASH_BYTES <= read; i += HASH_BYTES) seen.add(chunk, i)
    }
  } finally {
    closeSync(fd)
  }
  return seen
}

function withoutDocuments(file: SourceFile): MixwrightError {
  return unreadable(
    file.name,
    file.bytes === 0 ? 'the file is empty' : 'there is no document in the file',
  )
}

/** White space only, of any script. */
function isBlank(text: Uint8Array): boolean {
  let first = 0
  while (first < text.length && (text[first] === 32 || (text[first] >= 9 && text[first] <= 13))) {
    first++
  }
  if (first === text.length) return true
  return text[first] >= 0x80 && Buffer.from(text.subarray(first)).toString().trim() === ''
}
