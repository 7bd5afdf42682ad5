import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const besideTheRepository = fileURLToPath(new URL('../../../shared/data', import.meta.url))

/**
 * Where a file of the downloaded tables lies, or undefined when it is absent, so that a test can skip.
 * The folder is `MIXWRIGHT_SHARED_DATA`, or `shared/data` beside the repository.
 */
export function sharedData(...parts: string[]): string | undefined {
  const file = path.join(process.env.MIXWRIGHT_SHARED_DATA ?? besideTheRepository, ...parts)
  if (existsSync(file)) return file
  console.warn(`skipping what needs ${parts.join('/')}: set MIXWRIGHT_SHARED_DATA to its folder`)
  return undefined
}
