import { Worker } from 'node:worker_threads'
import { threadEntry } from '../../thread-entry.js'
import { ClientSocket } from './client-socket.js'
import type { DatabaseThreadData, FromDatabase, ToDatabase } from './thread-messages.js'

export interface DatabaseListeners {
  onWarning(message: string): void
  /** The database had been ready and is no more. */
  onFailure(error: Error): void
}

/** The thread that runs the database, seen from the main thread. */
export class DatabaseHandle {
  serverVersion = ''
  readonly #worker: Worker
  readonly #sockets = new Map<number, ClientSocket>()
  readonly #exited: Promise<void>
  readonly #listeners: DatabaseListeners
  #hasExited = false
  #failure: Error | undefined
  #lastClient = 0

  /** Resolves when the database is ready; rejects when it cannot be opened. */
  static async start(
    workerData: DatabaseThreadData,
    listeners: DatabaseListeners,
  ): Promise<DatabaseHandle> {
    const entry = threadEntry(import.meta.url, './database-thread.js')
    // Flags of this process, such as --eval's, are not the thread's.
    const worker = new Worker(entry, { workerData, name: 'mixwright-database', execArgv: [] })
    const handle = new DatabaseHandle(worker, listeners)
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromDatabase) => {
        if (message.kind === 'ready') resolve()
      })
      void handle.#exited.then(() => reject(handle.#failure ?? CLOSED))
    })
    return handle
  }

  private constructor(worker: Worker, listeners: DatabaseListeners) {
    this.#worker = worker
    this.#listeners = listeners
    worker.on('message', (message: FromDatabase) => this.#receive(message))
    worker.on('error', (cause) => this.#fail(cause))
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#hasExited = true
        for (const socket of [...this.#sockets.values()]) socket.destroy(this.#failure ?? CLOSED)
        resolve()
        if (this.#failure && this.serverVersion !== '') this.#listeners.onFailure(this.#failure)
      })
    })
  }

  /** A socket for one more client of the database. */
  connect(): ClientSocket {
    this.#lastClient += 1
    const client = this.#lastClient
    const socket: ClientSocket = new ClientSocket({
      open: () => this.#open(client, socket),
      send: (bytes) => this.#tell({ kind: 'data', client, bytes }, [bytes.buffer]),
      close: () => {
        if (this.#sockets.delete(client)) this.#tell({ kind: 'close', client })
      },
    })
    return socket
  }

  /** Ends the database in good order. Resolves when its thread has ended. */
  async shutDown(): Promise<void> {
    this.#tell({ kind: 'shutdown' })
    await this.#exited
    if (this.#failure) throw this.#failure
  }

  /** Ends the database at once, as a crash would. */
  kill(reason: string): void {
    this.#fail(reason)
    void this.#worker.terminate()
  }

  #fail(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.#failure ??= new Error(`the embedded database has failed: ${reason}`, { cause })
  }

  #open(client: number, socket: ClientSocket): void {
    this.#sockets.set(client, socket)
    if (this.#hasExited) process.nextTick(() => socket.destroy(this.#failure ?? CLOSED))
    else this.#tell({ kind: 'open', client })
  }

  #receive(message: FromDatabase): void {
    if (message.kind === 'ready') this.serverVersion = message.serverVersion
    else if (message.kind === 'data') this.#sockets.get(message.client)?.deliver(message.bytes)
    else if (message.kind === 'close') this.#sockets.get(message.client)?.deliver(null)
    else if (message.kind === 'warning') this.#listeners.onWarning(message.message)
  }

  #tell(message: ToDatabase, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }
}

const CLOSED = new Error('the embedded database is closed')
