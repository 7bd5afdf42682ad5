import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { restoreCorpusTokenizer } from '../../../src/corpora/index.js'

/** File → SHA-256 of its bytes, of all files in a folder. */
export function fingerprint(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort()
  const hash = (name: string) =>
    createHash('sha256')
      .update(readFileSync(path.join(folder, name)))
      .digest('hex')
  return Object.fromEntries(names.map((name) => [name, hash(name)]))
}

/** The documents in a shard, read by the plainest means: cut at the end-of-text tokens. */
export async function documentsIn(folder: string, shard: string): Promise<string[]> {
  const tokenizer = await restoreCorpusTokenizer(folder)
  const bytes = readFileSync(path.join(folder, shard))
  const documents: string[] = []
  let ids: number[] = []
  for (let at = 0; at < bytes.length; at += 2) {
    const id = bytes.readUInt16LE(at)
    if (id !== tokenizer.endOfText) {
      ids.push(id)
      continue
    }
    documents.push(tokenizer.decode(Int32Array.from(ids)))
    ids = []
  }
  if (ids.length > 0) throw new Error(`${shard} does not end with an end of text`)
  return documents
}
