import { MixwrightError } from '../../../src/errors.js'
import {
  type FileFormat,
  headOfFiles,
  type ReadingOptions,
  readFiles,
} from '../../../src/formats/importers/index.js'
import type { ParsedTable } from '../../../src/formats/importers/table.js'
import type { RunRow } from '../../../src/formats/run-row.js'
import type { CompleteProblem } from '../../../src/optimizers/problem.js'
import { bytes, problemOf } from './tables.js'

/** A study of two domains and the metrics given, with the direction of each. */
export function problemWith(metrics: Record<string, 'minimize' | 'maximize'>): CompleteProblem {
  const problem = problemOf(['web', 'code'], Object.keys(metrics))
  for (const metric of problem.metrics) metric.direction = metrics[metric.name]
  return problem
}

export const MIXTURES = 'run,web,code\nrun-1,0.7,0.3\nrun-2,0.25,0.75\n'

export interface Given {
  problem: CompleteProblem
  /** Name → content; what is no text is written as JSON. */
  files: Record<string, unknown>
  mixtures?: string | Uint8Array
  reading?: ReadingOptions
  maxRows?: number
  dryRun?: boolean
  /** Bytes that arrive at a time. */
  pieceBytes?: number
}

const contentOf = (content: unknown): Uint8Array => {
  if (content instanceof Uint8Array) return content
  return bytes(typeof content === 'string' ? content : JSON.stringify(content))
}

/** Reads files as an import does, their bytes arriving in small pieces. */
export async function read(
  format: FileFormat,
  given: Given,
): Promise<{ table: ParsedTable; rows: RunRow[]; chunks: number[] }> {
  const { problem, reading, maxRows = 10_000, dryRun = false, pieceBytes = 7 } = given
  const contents = Object.values(given.files).map(contentOf)
  const files = Object.keys(given.files).map((name, i) => {
    const contentHash = 'f'.repeat(64)
    return { name, path: String(i), bytes: contents[i].length, contentHash }
  })
  const mixtures = given.mixtures === undefined ? undefined : contentOf(given.mixtures)
  const options = { role: 'train' as const, holdout: '', dryRun, reading }
  const task = { problem, upload: { format, files, mixtures }, options, maxRows }
  async function* open({ path }: { path: string }) {
    const content = contents[Number(path)]
    for (let at = 0; at < content.length; at += pieceBytes)
      yield content.subarray(at, at + pieceBytes)
  }
  const chunks = readFiles(task, headOfFiles(task), open)
  const rows: RunRow[] = []
  const sizes: number[] = []
  for (;;) {
    const next = await chunks.next()
    if (next.done) return { table: next.value, rows, chunks: sizes }
    rows.push(...next.value)
    sizes.push(next.value.length)
  }
}

/** What the import was refused with. */
export async function refusalOf(format: FileFormat, given: Given): Promise<MixwrightError> {
  try {
    await read(format, given)
  } catch (error) {
    if (error instanceof MixwrightError) return error
    throw error
  }
  throw new Error('the files were taken')
}

export const details = ({ problems }: ParsedTable) => problems.map(({ detail }) => detail)
export const codes = ({ warnings }: ParsedTable) => warnings.map(({ code }) => code)
