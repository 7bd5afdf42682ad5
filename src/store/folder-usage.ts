import path from 'node:path'
import { readFolder, statIfThere } from './folder-entries.js'

/** How many bytes are in the folders: counted now and then, and kept up with what is known to be added. */
export class Usage {
  readonly #folders: readonly string[]
  readonly #maxAgeMs: number
  #counted: { bytes: number; at: number } | undefined
  #counting: Promise<number> | undefined

  constructor(folders: readonly string[], maxAgeMs: number) {
    this.#folders = folders
    this.#maxAgeMs = maxAgeMs
  }

  async bytes(): Promise<number> {
    const { bytes, at } = this.#counted ?? { bytes: 0, at: Number.NEGATIVE_INFINITY }
    if (performance.now() - at < this.#maxAgeMs) return bytes
    this.#counting ??= this.#count()
    return this.#counting
  }

  /** So many bytes are about to be written. */
  add(bytes: number): void {
    if (this.#counted) this.#counted.bytes += bytes
  }

  /** Something was removed: the next who asks counts anew. */
  forget(): void {
    this.#counted = undefined
    this.#counting = undefined
  }

  #count(): Promise<number> {
    const counting = sizesOf(this.#folders)
      .then((bytes) => {
        if (this.#counting === counting) this.#counted = { bytes, at: performance.now() }
        return bytes
      })
      .finally(() => {
        if (this.#counting === counting) this.#counting = undefined
      })
    return counting
  }
}

async function sizesOf(folders: readonly string[]): Promise<number> {
  let bytes = 0
  for (const folder of folders) bytes += await sizeOf(folder)
  return bytes
}

/** Bytes of the files below the folder. Links count as what they are themselves. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readFolder(folder)) {
    const place = path.join(folder, entry.name)
    if (entry.isDirectory()) bytes += await sizeOf(place)
    else bytes += (await statIfThere(place))?.size ?? 0
  }
  return bytes
}
