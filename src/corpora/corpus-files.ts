import { readdirSync } from 'node:fs'
import path from 'node:path'
import { remove, sizeOf } from './ingestion/disk.js'

export const SPLITS = ['train', 'validation'] as const
export type Split = (typeof SPLITS)[number]

const LASTING = /^(\d+\.(train|validation)\.bin|tokenizer\.json|manifest\.json)$/
const PASSING =
  /^(\d+\.(train|validation)\.(spool|bin\.tmp)|hashes\.log|progress\.json|.*\.json\.tmp)$/

/** Names of the files in a corpus' folder. Domains go by their number, since a name may hold anything. */
export class CorpusFiles {
  readonly folder: string
  readonly manifest: string
  readonly tokenizer: string
  readonly progress: string
  /** 16 bytes of the hash of every document that was kept. */
  readonly hashes: string

  constructor(folder: string) {
    this.folder = folder
    this.manifest = path.join(folder, 'manifest.json')
    this.tokenizer = path.join(folder, 'tokenizer.json')
    this.progress = path.join(folder, 'progress.json')
    this.hashes = path.join(folder, 'hashes.log')
  }

  spool(domain: number, split: Split): string {
    return path.join(this.folder, `${domain}.${split}.spool`)
  }

  shard(domain: number, split: Split): string {
    return path.join(this.folder, `${domain}.${split}.bin`)
  }

  /** Removes what only an ingestion under way needs. */
  removePassing(): void {
    for (const name of this.#names(PASSING)) remove(path.join(this.folder, name))
  }

  /** Removes all that an ingestion makes, and nothing else. */
  removeAll(): void {
    this.removePassing()
    for (const name of this.#names(LASTING)) remove(path.join(this.folder, name))
  }

  /** Bytes of all that an ingestion makes. */
  size(): number {
    return this.#sizeOf([...this.#names(PASSING), ...this.#names(LASTING)])
  }

  /** Bytes of what lasts, the manifest left out. */
  lastingSize(): number {
    const names = this.#names(LASTING).filter((name) => name !== path.basename(this.manifest))
    return this.#sizeOf(names)
  }

  #sizeOf(names: readonly string[]): number {
    return names.reduce((sum, name) => sum + (sizeOf(path.join(this.folder, name)) ?? 0), 0)
  }

  #names(pattern: RegExp): string[] {
    return readdirSync(this.folder).filter((name) => pattern.test(name))
  }
}
