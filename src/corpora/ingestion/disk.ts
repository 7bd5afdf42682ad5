import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import path from 'node:path'
import { MixwrightError } from '../../errors.js'

const BUFFER_BYTES = 1 << 18

/** No space, the user's quota of it, and the limit of a file's size. */
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** What an ingestion may still write. */
export class Budget {
  readonly #max: number
  #used: number

  /** @param used bytes that are on the disk already */
  constructor(max: number, used: number) {
    this.#max = max
    this.#used = used
  }

  /** @throws MixwrightError `quota-exceeded` */
  spend(bytes: number): void {
    if (this.#used + bytes > this.#max) {
      throw new MixwrightError(
        'quota-exceeded',
        `the corpus would take more than the ${this.#max} bytes that are left for it`,
      )
    }
    this.#used += bytes
  }

  release(bytes: number): void {
    this.#used -= bytes
  }
}

/** A file that is written from front to back, through a buffer. */
export class AppendFile {
  readonly #path: string
  readonly #fd: number
  readonly #budget: Budget
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
  #buffered = 0
  #length: number

  /** @param length what is kept of a file that is there; its bytes count as spent already */
  constructor(file: string, budget: Budget, length = 0) {
    this.#path = file
    this.#budget = budget
    this.#length = length
    this.#fd = onDisk(file, () => openSync(file, length === 0 ? 'w' : 'r+'))
    if (length > 0) onDisk(file, () => ftruncateSync(this.#fd, length))
  }

  /** Bytes, those in the buffer included. */
  get length(): number {
    return this.#length
  }

  /** @throws MixwrightError `disk-full`, `quota-exceeded` */
  write(bytes: Uint8Array): void {
    this.#budget.spend(bytes.length)
    if (bytes.length > BUFFER_BYTES - this.#buffered) this.flush()
    if (bytes.length > BUFFER_BYTES) {
      this.#writeOut(bytes)
    } else {
      this.#buffer.set(bytes, this.#buffered)
      this.#buffered += bytes.length
    }
    this.#length += bytes.length
  }

  flush(): void {
    this.#writeOut(this.#buffer.subarray(0, this.#buffered))
    this.#buffered = 0
  }

  /** Hands the file over to the disk itself. */
  sync(): void {
    this.flush()
    onDisk(this.#path, () => fsyncSync(this.#fd))
  }

  /** Without what is still in the buffer. */
  close(): void {
    closeSync(this.#fd)
  }

  #writeOut(bytes: Uint8Array): void {
    const start = this.#length - this.#buffered
    for (let done = 0; done < bytes.length; ) {
      done += onDisk(this.#path, () =>
        writeSync(this.#fd, bytes, done, bytes.length - done, start + done),
      )
    }
  }
}

/** Replaces a file whole: whoever reads it finds the old text or the new one, also after a power cut. */
export function writeWhole(file: string, text: string): void {
  const temporary = `${file}.tmp`
  onDisk(file, () => {
    const fd = openSync(temporary, 'w')
    try {
      const bytes = Buffer.from(text)
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, file)
  })
  syncFolder(path.dirname(file))
}

/** Makes renames in a folder last; platforms that cannot open folders do that by themselves. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Undefined when there is no such file. */
export function readWhole(file: string): string | undefined {
  return unlessMissing(() => readFileSync(file, 'utf8'))
}

/** Undefined when there is no such file. */
export function sizeOf(file: string): number | undefined {
  return unlessMissing(() => statSync(file).size)
}

/** Removes a file if it is there. @returns its size */
export function remove(file: string): number {
  const size = sizeOf(file) ?? 0
  rmSync(file, { force: true })
  return size
}

/** Keeps the first bytes of a file; a file of none is removed. */
export function truncate(file: string, bytes: number): void {
  if (bytes === 0) remove(file)
  else truncateSync(file, bytes)
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function onDisk<T>(file: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!FULL.includes(code ?? '')) throw error
    const detail = `${file} cannot be written (${code}): there is no room left`
    throw new MixwrightError('disk-full', detail)
  }
}
