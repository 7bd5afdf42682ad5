import { open } from 'node:fs/promises'
import { restoreTokenizer, type Tokenizer } from '../../training/tokenizer/index.js'
import { CorpusFiles, type Split } from '../corpus-files.js'
import type { SharedCorpus } from '../types.js'
import { incomplete, readManifest, readText } from './read-manifest.js'

/** Some systems read at most 2 GiB at once. */
const READ_BYTES = 2 ** 30

/**
 * Reads a whole corpus into shared memory, each shard once: as many bytes as the shards have.
 * @throws MixwrightError `corpus-not-ready` when the manifest or a shard is missing, or is not as long as it should be
 */
export async function loadCorpus(folder: string): Promise<SharedCorpus> {
  const manifest = await readManifest(folder)
  const files = new CorpusFiles(folder)
  const load = (domain: number, split: Split) =>
    loadShard(
      files.shard(domain, split),
      manifest.domains[domain][split].tokens * manifest.tokenBytes,
    )
  const shards: SharedCorpus['shards'][number][] = []
  for (const domain of manifest.domains.keys()) {
    shards.push({
      train: await load(domain, 'train'),
      validation: await load(domain, 'validation'),
    })
  }
  return { manifest, shards }
}

/**
 * The tokenizer that wrote a corpus.
 * @throws MixwrightError `corpus-not-ready` when it is missing, or is another one
 */
export async function restoreCorpusTokenizer(folder: string): Promise<Tokenizer> {
  const manifest = await readManifest(folder)
  const file = new CorpusFiles(folder).tokenizer
  const text = await readText(file)
  const tokenizer = await restoreTokenizer(text).catch((error: Error) => {
    throw incomplete(file, error.message)
  })
  if (tokenizer.hash === manifest.tokenizer.hash) return tokenizer
  throw incomplete(file, 'it is not the tokenizer that the shards were written with')
}

async function loadShard(file: string, bytes: number): Promise<SharedArrayBuffer> {
  const shared = new SharedArrayBuffer(bytes)
  const target = new Uint8Array(shared)
  const handle = await open(file)
  try {
    for (let filled = 0; filled < bytes; ) {
      const count = Math.min(READ_BYTES, bytes - filled)
      const { bytesRead } = await handle.read(target, filled, count, filled)
      if (bytesRead === 0) throw incomplete(file, `the file ends after ${filled} bytes`)
      filled += bytesRead
    }
    return shared
  } finally {
    await handle.close()
  }
}
