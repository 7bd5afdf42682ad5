export {
  type EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
  openEmbeddedDatabase,
} from './embedded-database.js'
export { FolderInUseError, type LockHolder } from './folder-lock.js'
export { FormatMismatchError } from './format-stamp.js'
