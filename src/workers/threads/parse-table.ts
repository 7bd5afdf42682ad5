import { createReadStream } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import {
  CHUNK_ROWS,
  headOfFiles,
  type ParseTableTask,
  parseTable,
  type ReadFilesTask,
  readFiles,
} from '../../formats/importers/index.js'
import type { ParsedTable, TableUpload } from '../../formats/importers/table.js'
import type { RunRow } from '../../formats/run-row.js'
import { replyWith, type ThreadReply } from './replies.js'
import { sendRows } from './row-channel.js'

/** Read at a time; larger pieces only make more garbage. */
const PIECE_BYTES = 2 ** 18

export interface ParseTableMessage {
  task: Omit<ParseTableTask, 'upload'> & { upload: TableUpload }
  /** Takes the table and then its rows; see row-channel.ts. */
  rows: MessagePort
}

/** Thread entry: parses a table, and hands its rows over when they are to be stored. */
export function run({ task, rows: port }: ParseTableMessage): Promise<ThreadReply<ParsedTable>> {
  const { upload, ...rest } = task
  return replyWith(() =>
    'files' in upload
      ? parseFiles({ ...rest, upload }, port)
      : parseWhole({ ...rest, upload }, port),
  )
}

async function parseWhole(task: ParseTableTask, port: MessagePort): Promise<ParsedTable> {
  const { table, rows } = parseTable(task)
  if (table.problemCount === 0 && !table.options.dryRun) {
    await sendRows(port, table, chunksOf(rows))
  }
  return table
}

function* chunksOf(rows: readonly RunRow[]): Generator<string> {
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
    yield JSON.stringify(rows.slice(start, start + CHUNK_ROWS))
  }
}

async function parseFiles(task: ReadFilesTask, port: MessagePort): Promise<ParsedTable> {
  const head = headOfFiles(task)
  const chunks = readFiles(task, head, ({ path }) =>
    createReadStream(path, { highWaterMark: PIECE_BYTES }),
  )
  const first = await chunks.next()
  if (first.done) return first.value
  const ended: { table?: ParsedTable } = {}
  await sendRows(port, head, textsOf(first.value, chunks, ended))
  if (!ended.table) throw new Error('the rows ended without their table')
  return ended.table
}

async function* textsOf(
  first: RunRow[],
  others: AsyncGenerator<RunRow[], ParsedTable>,
  ended: { table?: ParsedTable },
): AsyncGenerator<string> {
  yield JSON.stringify(first)
  for (;;) {
    const next = await others.next()
    if (next.done) {
      ended.table = next.value
      return
    }
    yield JSON.stringify(next.value)
  }
}
