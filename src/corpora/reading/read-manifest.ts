import { readFile, stat } from 'node:fs/promises'
import { MixwrightError } from '../../errors.js'
import { CorpusFiles, SPLITS } from '../corpus-files.js'
import type { CorpusManifest } from '../types.js'

/**
 * The manifest of a corpus whose shards are there in full length.
 * @throws MixwrightError `corpus-not-ready` for a folder without, with the file that is missing or too short
 */
export async function readManifest(folder: string): Promise<CorpusManifest> {
  const files = new CorpusFiles(folder)
  const manifest = parseManifest(files.manifest, await readText(files.manifest))
  for (const [i, domain] of manifest.domains.entries()) {
    for (const split of SPLITS) {
      await requireSize(files.shard(i, split), domain[split].tokens * manifest.tokenBytes)
    }
  }
  return manifest
}

/** The same, or undefined for a folder without. */
export async function findManifest(folder: string): Promise<CorpusManifest | undefined> {
  try {
    return await readManifest(folder)
  } catch (error) {
    if (error instanceof MixwrightError && error.code === 'corpus-not-ready') return undefined
    throw error
  }
}

export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw incomplete(file, (error as Error).message)
  }
}

export function incomplete(file: string, problem: string): MixwrightError {
  return new MixwrightError('corpus-not-ready', `the corpus is not whole: ${file}: ${problem}`)
}

function parseManifest(file: string, text: string): CorpusManifest {
  let manifest: CorpusManifest
  try {
    manifest = JSON.parse(text)
  } catch (error) {
    throw incomplete(file, (error as Error).message)
  }
  if (manifest.format === 1) return manifest
  throw incomplete(file, 'it was written by another version; ingest again')
}

async function requireSize(file: string, bytes: number): Promise<void> {
  const size = await stat(file).then(
    (stats) => stats.size,
    () => undefined,
  )
  if (size === undefined) throw incomplete(file, 'the file is missing')
  if (size !== bytes) throw incomplete(file, `the file has ${size} bytes, and should have ${bytes}`)
}
