export type * from './backtest-contract.js'
export {
  BackupInvalidError,
  type BackupProgress,
  restoreBackup,
  StoreNotEmptyError,
  writeBackup,
} from './backup/index.js'
export type * from './corpus-contract.js'
export { createDataFolder, type DataFolder, type DataFolderOptions } from './data-folder.js'
export { FolderInUseError, FormatMismatchError } from './embedded/index.js'
export type * from './external-trial-contract.js'
export type * from './key-contract.js'
export { NewerDatabaseError } from './migrations/index.js'
export { type OpenStore, openStore, type StoreOptions } from './open-store.js'
export type { PoolLike } from './pool.js'
export type * from './records.js'
export type * from './statistics-contract.js'
export * from './store.js'
export type * from './trial-contract.js'
