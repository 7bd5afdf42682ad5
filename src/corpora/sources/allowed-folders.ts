import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { MixwrightError } from '../../errors.js'

/** Folders that may be read from, as they were named and as they are on the disk. */
export class AllowedFolders {
  readonly named: readonly string[]
  readonly #real: readonly string[]

  /** Folders that are not there are left out. @param folders absolute */
  static async open(folders: readonly string[]): Promise<AllowedFolders> {
    const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)))
    return new AllowedFolders(
      folders,
      real.filter((folder) => folder !== undefined),
    )
  }

  private constructor(named: readonly string[], real: readonly string[]) {
    this.named = named
    this.#real = real
  }

  /**
   * The absolute paths that a user may mean: itself, or for a relative path the one below each folder.
   * @throws MixwrightError `source-forbidden` for a path outside, whether or not there is something
   */
  candidates(given: string): string[] {
    const paths = path.isAbsolute(given)
      ? [path.normalize(given)]
      : this.named.map((folder) => path.join(folder, given))
    const inside = paths.filter((candidate) => this.contains(candidate))
    if (inside.length === 0) throw this.forbidden(given)
    return inside
  }

  /** Whether a path lies inside as it is written. */
  contains(absolute: string): boolean {
    return [...this.named, ...this.#real].some((root) => contains(root, absolute))
  }

  /** Whether a path without links lies inside. */
  containsReal(real: string): boolean {
    return this.#real.some((root) => contains(root, real))
  }

  forbidden(given: string): MixwrightError {
    return new MixwrightError(
      'source-forbidden',
      this.named.length === 0
        ? `${given}: no folder may be read from`
        : `${given} is outside of the folders that may be read from: ${this.named.join(', ')}`,
    )
  }

  forbiddenLink(given: string): MixwrightError {
    return new MixwrightError(
      'source-forbidden',
      `${given} leads by a link out of the folders that may be read from: ${this.named.join(', ')}`,
    )
  }
}

function contains(folder: string, inner: string): boolean {
  const relative = path.relative(folder, inner)
  return !(relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative))
}
