import type { SourceFile } from './source-file.js'
import { called } from './source-file.js'
import type { TableProblems } from './table-problems.js'

/** Folders that a training library makes inside the folder of a run. */
const CHECKPOINT = /^checkpoint-\d+$/

/**
 * The run that a file belongs to, by its name as the client gave it: its folder (that of the run, where the file is in the
 * folder of a checkpoint), or its own name without the ending. Without a wish the folder counts, where there is one.
 */
export function runIdOfFile(
  file: Pick<SourceFile, 'name' | 'index'>,
  from: string | undefined,
  problems: TableProblems,
): string | undefined {
  const parts = file.name.split(/[\\/]+/).filter((part) => !['', '.', '..'].includes(part))
  const own = (parts.pop() ?? '').replace(/\.jsonl?$/i, '')
  const folder = parts.filter((part) => !CHECKPOINT.test(part)).at(-1)
  if (from !== 'folder') return from === 'file' ? own : (folder ?? own)
  if (folder === undefined) {
    problems.add(
      `/files/${file.index}`,
      `${called(file)} is in no folder to take the run's id from; send it with its folder ` +
        '(curl: -F "file=@results.json;filename=run-1/results.json"), or set `runIdFrom`',
    )
  }
  return folder
}
