import { type CorpusFiles, SPLITS } from '../corpus-files.js'
import { BEGINNING, type ReadPosition } from '../formats/index.js'
import { readWhole, remove, sizeOf, truncate, writeWhole } from './disk.js'

export interface SplitState {
  documents: number
  /** UTF-8 bytes of text. */
  bytes: number
  /** Bytes of the spool that count. */
  spool: number
}

export interface ShardState {
  trainTokens: number
  validationTokens: number
  hash: string
}

export interface DomainState {
  train: SplitState
  validation: SplitState
  duplicates: number
  skipped: number
  empty: number
  /** Null until both shards are written. */
  shards: ShardState | null
}

/** How far an ingestion has come; `progress.json`. What lies in the folder beyond it is thrown away. */
export interface IngestState {
  readonly format: 1
  /** Hash of the plan: another one begins anew. */
  readonly plan: string
  /** The file that is read next; the number of files once all are read. */
  file: number
  position: ReadPosition
  /** Documents, good or not, that the file has had so far. */
  items: number
  /** Bytes of the log of hashes that count. */
  hashes: number
  tokenizer: boolean
  readonly domains: readonly DomainState[]
}

const noSplit = (): SplitState => ({ documents: 0, bytes: 0, spool: 0 })

export function newState(plan: string, domains: number): IngestState {
  return {
    format: 1,
    plan,
    file: 0,
    position: BEGINNING,
    items: 0,
    hashes: 0,
    tokenizer: false,
    domains: Array.from({ length: domains }, () => ({
      train: noSplit(),
      validation: noSplit(),
      duplicates: 0,
      skipped: 0,
      empty: 0,
      shards: null,
    })),
  }
}

/** The state that was left behind, if it is of this plan and the folder holds what it says. */
export function loadState(files: CorpusFiles, plan: string): IngestState | undefined {
  const state = parsed(readWhole(files.progress))
  return state?.format === 1 && state.plan === plan && isWhole(files, state) ? state : undefined
}

/** Removes what the state does not speak of: it was written after the last time that the state was. */
export function trimTo(files: CorpusFiles, state: IngestState): void {
  truncate(files.hashes, state.hashes)
  if (!state.tokenizer) remove(files.tokenizer)
  for (const [i, domain] of state.domains.entries()) {
    for (const split of SPLITS) {
      remove(`${files.shard(i, split)}.tmp`)
      if (!domain.shards) remove(files.shard(i, split))
      truncate(files.spool(i, split), domain.shards ? 0 : domain[split].spool)
    }
  }
}

function parsed(text: string | undefined): IngestState | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as IngestState)
  } catch {
    return undefined
  }
}

export function saveState(files: CorpusFiles, state: IngestState): void {
  writeWhole(files.progress, JSON.stringify(state))
}

/** A power cut can leave files shorter than they were; they are then made anew. */
function isWhole(files: CorpusFiles, state: IngestState): boolean {
  const holds = (file: string, bytes: number) => (sizeOf(file) ?? 0) >= bytes
  return (
    holds(files.hashes, state.hashes) &&
    (!state.tokenizer || sizeOf(files.tokenizer) !== undefined) &&
    state.domains.every((domain, i) =>
      SPLITS.every((split) =>
        domain.shards
          ? sizeOf(files.shard(i, split)) !== undefined
          : holds(files.spool(i, split), domain[split].spool),
      ),
    )
  )
}
