import { readFile } from 'node:fs/promises'
import { MixwrightError } from '../errors.js'
import { UsageError } from './failures.js'

/** @throws UsageError when the file cannot be read */
export async function readInput(file: string, option: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code
    const words = reason === 'ENOENT' ? 'there is no such file' : (error as Error).message
    throw new UsageError(`${option}: cannot read ${file}: ${words}`, 'Check the path.')
  }
}

/** @throws UsageError when the file cannot be read, MixwrightError `malformed-request` when it is not JSON */
export async function readJsonInput(file: string, option: string): Promise<unknown> {
  const text = (await readInput(file, option)).toString('utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = (error as Error).message
    throw new MixwrightError('malformed-request', `${option}: ${file} is not JSON: ${reason}`)
  }
}
