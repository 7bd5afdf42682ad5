import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import type { ReadBatch, ReadItem, SourceFile } from '../../../src/corpora/formats/index.js'
import { BEGINNING, guessFormat, readDocuments } from '../../../src/corpora/formats/index.js'
import type {
  CorpusSettings,
  IngestTask,
  SourceFormat,
  SourceSpec,
} from '../../../src/corpora/index.js'

/** A folder that is removed when the test ends. */
export function newFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'mixwright-corpus-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes files into a new folder; names may have folders in front. */
export function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = newFolder()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
  return folder
}

export function pathSource(given: string, options: Partial<SourceSpec> = {}): SourceSpec {
  return {
    id: given,
    kind: 'path',
    path: given,
    name: given,
    format: 'auto',
    textField: 'text',
    ...options,
  }
}

export const SETTINGS: CorpusSettings = {
  tokenizer: { kind: 'bytes' },
  validationFraction: 0.25,
  maxDocumentBytes: 1 << 20,
  tokenizerSampleBytes: 1 << 16,
  invalidDocuments: 'refuse',
}

/** A task whose domains are given by paths below one folder. */
export function taskOf(
  folder: string,
  domains: Record<string, string[]>,
  settings: Partial<CorpusSettings> = {},
): IngestTask {
  return {
    folder: path.join(newFolder(), 'corpus'),
    settings: { ...SETTINGS, ...settings },
    domains: Object.entries(domains).map(([name, paths]) => ({
      name,
      sources: paths.map((given) => pathSource(path.join(folder, given))),
    })),
    allowedFolders: [folder],
    maxBytes: 1e9,
  }
}

export const jsonLines = (documents: readonly object[]) =>
  documents.map((document) => `${JSON.stringify(document)}\n`).join('')

export interface ReadOptions {
  maxDocumentBytes?: number
  format?: SourceFormat
  textField?: string
}

function requestFor(file: string, options: ReadOptions) {
  const { size, mtimeMs } = statSync(file)
  const source: SourceFile = {
    path: file,
    name: path.basename(file),
    format: options.format ?? guessFormat(file) ?? 'text',
    textField: options.textField ?? 'text',
    bytes: size,
    modified: mtimeMs,
  }
  const { maxDocumentBytes = 1 << 20 } = options
  return { file: source, maxDocumentBytes, from: BEGINNING }
}

/** All batches of a file. */
export async function batchesOf(file: string, options: ReadOptions = {}, from = BEGINNING) {
  const batches: ReadBatch[] = []
  for await (const batch of readDocuments({ ...requestFor(file, options), from })) {
    batches.push(batch)
  }
  return batches
}

/** The documents of a file as text, or `!` and what is wrong with one. */
export async function textsOf(file: string, options: ReadOptions = {}, from = BEGINNING) {
  const batches = await batchesOf(file, options, from)
  let passed = from.record
  for (const { position } of batches) {
    if (position.record < passed) throw new Error(`went back from ${passed} to ${position.record}`)
    passed = position.record
  }
  return batches.flatMap(({ items }) => items.map(show))
}

export function show(item: ReadItem): string {
  return 'problem' in item ? `!${item.record}: ${item.problem}` : Buffer.from(item.text).toString()
}
