export type { BackupProgress } from './format.js'
export { BackupInvalidError, restoreBackup, StoreNotEmptyError } from './restore-backup.js'
export { writeBackup } from './write-backup.js'
