import { createHash } from 'node:crypto'
import type { Tokenizer } from '../../training/tokenizer/index.js'
import type { CorpusFiles } from '../corpus-files.js'
import type { CorpusManifest, DomainManifest } from '../types.js'
import { writeWhole } from './disk.js'
import type { Ingestion } from './ingestion.js'
import type { DomainState } from './state.js'
import { tokenBytes } from './tokenize.js'

/** Last phase: the manifest makes the corpus whole. */
export function writeManifest(ingestion: Ingestion, tokenizer: Tokenizer): CorpusManifest {
  const { files, state, domainNames } = ingestion
  const { kind, vocabularySize, hash } = tokenizer
  const decisive = {
    tokenizer: { kind, vocabularySize, hash },
    tokenBytes: tokenBytes(vocabularySize),
    domains: state.domains.map((domain, i) => domainManifest(domainNames[i], domain)),
  }
  const manifest = withSize(files, {
    format: 1,
    ...decisive,
    hash: createHash('sha256').update(JSON.stringify(decisive)).digest('hex'),
  })
  writeWhole(files.manifest, textOf(manifest))
  return manifest
}

function domainManifest(name: string, domain: DomainState): DomainManifest {
  const { train, validation, duplicates, skipped, empty, shards } = domain
  if (!shards) throw new Error(`the domain ${name} has no shards`)
  return {
    name,
    train: { documents: train.documents, bytes: train.bytes, tokens: shards.trainTokens },
    validation: {
      documents: validation.documents,
      bytes: validation.bytes,
      tokens: shards.validationTokens,
    },
    duplicates,
    skipped,
    empty,
    hash: shards.hash,
  }
}

/** The size of the folder depends on the text of the manifest, which says it. */
function withSize(files: CorpusFiles, manifest: Omit<CorpusManifest, 'bytes'>): CorpusManifest {
  const others = files.lastingSize()
  let sized: CorpusManifest = { ...manifest, bytes: others }
  for (;;) {
    const bytes = others + Buffer.byteLength(textOf(sized))
    if (bytes === sized.bytes) return sized
    sized = { ...manifest, bytes }
  }
}

const textOf = (manifest: CorpusManifest) => `${JSON.stringify(manifest, null, 2)}\n`
