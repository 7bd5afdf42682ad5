import { readFile } from 'node:fs/promises'
import { readJson } from '../formats/json.js'
import { UsageError } from './failures.js'

const READ_ERRORS: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read',
}

/** @throws UsageError when the file cannot be read */
export async function readInput(file: string, option: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const words =
      READ_ERRORS[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message
    throw new UsageError(`${option}: cannot read ${file}: ${words}`, 'Check the path.')
  }
}

/** @throws UsageError when the file cannot be read, MixwrightError `malformed-request` when it is not JSON */
export async function readJsonInput(file: string, option: string): Promise<unknown> {
  return readJson(await readInput(file, option), `${option}: ${file}`)
}
