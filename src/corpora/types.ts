import type { TokenizerSpec } from '../training/tokenizer/types.js'

/** What the corpora room takes and gives. Plain data: everything here crosses threads and is stored as JSON. */

export const SOURCE_FORMATS = ['jsonl', 'parquet', 'csv', 'text'] as const
/** `text`: a file is one document. Compression (.gz, .zst) is seen by the file's first bytes. */
export type SourceFormat = (typeof SOURCE_FORMATS)[number]

/** Files of which a domain is filled. */
export interface SourceSpec {
  readonly id: string
  /** `upload`: one file in the service's own folder. `path`: a file, a folder or a glob in an allowed folder. */
  readonly kind: 'upload' | 'path'
  /** Absolute for uploads; for paths as the user gave it. */
  readonly path: string
  /** How people know it: the uploaded file's name, or the path. */
  readonly name: string
  /** `auto`: by the file's name. */
  readonly format: 'auto' | SourceFormat
  /** Field, or column, that holds the text. */
  readonly textField: string
}

export interface CorpusSettings {
  readonly tokenizer: TokenizerSpec
  /** Share of documents, chosen by the hash of their content, that are kept for validation. In (0, 0.5]. */
  readonly validationFraction: number
  /** UTF-8 bytes of the largest document taken. */
  readonly maxDocumentBytes: number
  /** Text that a tokenizer is trained on, at most, in UTF-8 bytes; taken evenly from the domains. */
  readonly tokenizerSampleBytes: number
  /** What a document that is too large, not UTF-8 or without text does: end the ingestion, or be counted and left out. */
  readonly invalidDocuments: 'refuse' | 'skip'
}

export interface IngestTask {
  /** Where shards and manifest go: new, or left by an ingestion of the same task that was interrupted. */
  readonly folder: string
  readonly settings: CorpusSettings
  readonly domains: readonly { readonly name: string; readonly sources: readonly SourceSpec[] }[]
  /** Absolute folders that sources of kind `path` may be read from. */
  readonly allowedFolders: readonly string[]
  /** Bytes the ingestion may write in all. */
  readonly maxBytes: number
}

export interface IngestProgress {
  readonly phase: 'read' | 'train-tokenizer' | 'tokenize'
  /** Bytes of the phase's input that are done, and all of them. */
  readonly done: number
  readonly total: number
  readonly message: string
}

export interface SplitCounts {
  readonly documents: number
  /** UTF-8 bytes of text. */
  readonly bytes: number
  /** End-of-text tokens included. */
  readonly tokens: number
}

export interface DomainManifest {
  readonly name: string
  readonly train: SplitCounts
  readonly validation: SplitCounts
  /** Documents dropped because one with the same content came before, in this domain or an earlier one. */
  readonly duplicates: number
  /** Documents left out as invalid; 0 unless the settings say `skip`. */
  readonly skipped: number
  /** Documents without any text (white space only), left out. */
  readonly empty: number
  /** SHA-256 (hex) of the two shards. */
  readonly hash: string
}

/** What an ingestion made; `manifest.json` in its folder. */
export interface CorpusManifest {
  readonly format: 1
  readonly tokenizer: {
    readonly kind: TokenizerSpec['kind']
    readonly vocabularySize: number
    readonly hash: string
  }
  /** Bytes of one token id in the shards, little-endian. */
  readonly tokenBytes: 2 | 4
  readonly domains: readonly DomainManifest[]
  /** Size of the folder. */
  readonly bytes: number
  /** SHA-256 (hex) over tokenizer and domains: the same input gives the same hash. */
  readonly hash: string
}

/** A corpus in shared memory: may be posted to threads, which then read the same bytes. */
export interface SharedCorpus {
  readonly manifest: CorpusManifest
  /** In the manifest's order. */
  readonly shards: readonly {
    readonly train: SharedArrayBuffer
    readonly validation: SharedArrayBuffer
  }[]
}
