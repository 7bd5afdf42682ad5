/** What the main thread and the database's thread tell each other. Bytes are transferred, not copied. */

export type ToDatabase =
  | { kind: 'open'; client: number }
  | { kind: 'data'; client: number; bytes: Uint8Array }
  | { kind: 'close'; client: number }
  | { kind: 'shutdown' }

export type FromDatabase =
  | { kind: 'ready'; serverVersion: string }
  | { kind: 'data'; client: number; bytes: Uint8Array }
  | { kind: 'close'; client: number }
  | { kind: 'warning'; message: string }
  | { kind: 'shut-down' }

export interface DatabaseThreadData {
  /** Folder of the PostgreSQL files. */
  folder: string
  idleInTransactionTimeoutMs: number
}
