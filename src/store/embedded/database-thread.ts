import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { queryMessage } from './protocol.js'
import { SessionMultiplexer } from './session-multiplexer.js'
import type { DatabaseThreadData, FromDatabase, ToDatabase } from './thread-messages.js'

/** Entry of the thread in which the embedded database lives. */

const { folder, idleInTransactionTimeoutMs } = workerData as DatabaseThreadData
const port = parentPort!

function tell(message: FromDatabase, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}

/** The queue's statements find their schema by the search path, ours name it. RESET returns to these values. */
const START_PARAMS = [
  ...PGlite.defaultStartParams.map((parameter) =>
    parameter === 'search_path=public' ? 'search_path=bullmq,public' : parameter,
  ),
  '-c',
  'max_wal_size=128MB',
  '-c',
  'min_wal_size=32MB',
]

const database = await PGlite.create({ dataDir: folder, startParams: START_PARAMS })

async function execute(bytes: Buffer): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  await database.execProtocolRawStream(bytes, {
    syncToFs: false,
    onRawData: (chunk) => chunks.push(chunk.slice()),
  })
  return Buffer.concat(chunks)
}

const version = await database.query<{ server_version: string }>('show server_version')
const serverVersion = version.rows[0].server_version

const multiplexer = new SessionMultiplexer(
  {
    execute,
    send: (client, bytes) => {
      const own = new Uint8Array(bytes)
      tell({ kind: 'data', client, bytes: own }, [own.buffer])
    },
    hangUp: (client) => tell({ kind: 'close', client }),
    warn: (message) => tell({ kind: 'warning', message }),
    fail: (error) => {
      throw error
    },
  },
  {
    idleInTransactionTimeoutMs,
    parameters: {
      server_version: serverVersion,
      server_encoding: 'UTF8',
      client_encoding: 'UTF8',
      DateStyle: 'ISO, MDY',
      integer_datetimes: 'on',
      standard_conforming_strings: 'on',
    },
  },
)

let isClosing = false

async function shutDown(): Promise<void> {
  isClosing = true
  await execute(queryMessage('ROLLBACK'))
  await execute(queryMessage('CHECKPOINT'))
  await database.close()
  tell({ kind: 'shut-down' })
  port.close()
}

port.on('message', (message: ToDatabase) => {
  if (isClosing) return
  if (message.kind === 'data')
    multiplexer.receive(message.client, Buffer.from(message.bytes.buffer))
  else if (message.kind === 'open') multiplexer.open(message.client)
  else if (message.kind === 'close') multiplexer.drop(message.client)
  else void shutDown()
})
tell({ kind: 'ready', serverVersion })
