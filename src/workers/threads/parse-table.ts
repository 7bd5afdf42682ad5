import type { MessagePort } from 'node:worker_threads'
import { type ParseTableTask, parseTable } from '../../formats/importers/index.js'
import type { ParsedTable } from '../../formats/importers/table.js'
import type { RunRow } from '../../formats/run-row.js'
import { replyWith, type ThreadReply } from './replies.js'
import { sendRows } from './row-channel.js'

const CHUNK_ROWS = 1000

export interface ParseTableMessage {
  task: ParseTableTask
  /** Takes the table and then its rows; see row-channel.ts. */
  rows: MessagePort
}

/** Thread entry: parses a table, and hands its rows over when they are to be stored. */
export function run({ task, rows: port }: ParseTableMessage): Promise<ThreadReply<ParsedTable>> {
  return replyWith(async () => {
    const { table, rows } = parseTable(task)
    if (table.problemCount === 0 && !table.options.dryRun) {
      await sendRows(port, table, chunksOf(rows))
    }
    return table
  })
}

function* chunksOf(rows: readonly RunRow[]): Generator<string> {
  for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
    yield JSON.stringify(rows.slice(start, start + CHUNK_ROWS))
  }
}
