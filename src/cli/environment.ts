import path from 'node:path'
import {
  BackupInvalidError,
  FolderInUseError,
  FormatMismatchError,
  NewerDatabaseError,
  StoreNotEmptyError,
} from '../store/index.js'
import { RedisUnreachableError, UnfitRedisError } from '../workers/queue/redis-unreachable.js'
import type { Config } from './config.js'
import { EnvironmentError } from './failures.js'

const LISTEN_ERRORS = ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL']
const CONNECT_ERRORS = ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET', 'EAI_AGAIN']

/** What to do about the store's own refusals; they say themselves what is wrong. */
function storeFix(error: Error): string | undefined {
  if (error instanceof FolderInUseError) {
    return 'Stop that process, or give another folder with --data.'
  }
  if (error instanceof FormatMismatchError || error instanceof NewerDatabaseError) {
    return 'Run `mixwright backup` of the version that wrote it, and `mixwright restore` of this one into a new folder.'
  }
  if (error instanceof BackupInvalidError) return 'Take another copy of the backup file.'
  if (error instanceof StoreNotEmptyError) {
    return 'Give a folder that does not exist yet with --data, or an empty database with DATABASE_URL.'
  }
  return undefined
}

/** What the operating system calls it when the place of the data folder is taken by a file. */
const NO_FOLDER = ['EEXIST', 'ENOTDIR']

/** The folder, or something in it, cannot be made, read or written. */
function folderError(
  { code = '', path: place, message }: NodeJS.ErrnoException,
  { dataFolder }: Config,
): EnvironmentError | undefined {
  if (place === undefined || !path.resolve(place).startsWith(dataFolder)) return undefined
  const reason = NO_FOLDER.includes(code) ? 'there is a file in its place' : message
  return new EnvironmentError(
    `the data folder ${dataFolder} cannot be used: ${reason}`,
    'Give a folder that can be written with --data.',
  )
}

/** Turns what the folder, the network and the servers refuse into errors that say what to do; the rest stays as it is. */
export function explainEnvironment(error: unknown, config: Config): unknown {
  if (!(error instanceof Error)) return error
  if (error instanceof UnfitRedisError) {
    return new EnvironmentError(
      error.message,
      'Run a newer Redis, or Valkey, where REDIS_URL points.',
    )
  }
  const fix = storeFix(error)
  if (fix !== undefined) return new EnvironmentError(error.message, fix)
  const { code = '', syscall, hostname } = error as NodeJS.ErrnoException & { hostname?: string }
  const isListening = syscall === 'listen' && LISTEN_ERRORS.includes(code)
  if (isListening || (syscall === 'getaddrinfo' && hostname === config.host)) {
    const reason = code === 'EADDRINUSE' ? 'it is taken' : error.message
    return new EnvironmentError(
      `cannot listen on ${config.host}:${config.port}: ${reason}`,
      'Give another address with --host and --port; --port 0 takes a free one.',
    )
  }
  if (error instanceof RedisUnreachableError || CONNECT_ERRORS.includes(code)) {
    return new EnvironmentError(
      error.message || `a server cannot be reached (${code})`,
      'Start the server that DATABASE_URL or REDIS_URL names, or unset the variable.',
    )
  }
  return folderError(error, config) ?? error
}
