import { createWriteStream, existsSync, statSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { type Config, readConfig } from '../config.js'
import { explainEnvironment } from '../environment.js'
import { EnvironmentError, UsageError } from '../failures.js'
import { nonEmpty } from '../options.js'
import { progressView } from '../terminal/progress.js'
import { rowCounts } from '../terminal/row-counts.js'

interface BackupOptions {
  data?: string
  force?: boolean
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright backup mixwright-2026-11-22.gz
  mixwright backup --data ./mixwright-data copy.gz
  DATABASE_URL=postgresql://mixwright@db/mixwright mixwright backup copy.gz

The embedded database belongs to one process at a time: stop the service first. With DATABASE_URL it may go on.
Any later version of Mixwright reads the file with mixwright restore, into either kind of database.`

/** What a folder with a database holds. */
const DATABASE_PARTS = ['FORMAT.json', 'postgresql']

export function backupCommand(): Command {
  return new Command('backup')
    .summary('write everything that is stored to one file')
    .description('Writes everything that is stored to one file (gzip).')
    .argument('<file>', 'file to write')
    .option('--data <folder>', 'folder of the embedded database (default: ~/.mixwright)', nonEmpty)
    .option('--force', 'write over a file that exists')
    .option('--json', 'print the number of rows by table as JSON')
    .addHelpText('after', EXAMPLES)
    .action(backup)
}

async function backup(file: string, options: BackupOptions): Promise<void> {
  const config = readConfig({ dataFolder: options.data })
  refuseTarget(file, Boolean(options.force))
  if (config.databaseUrl === undefined) refuseSource(config.dataFolder)
  const counts = await writeDump(config, file, Boolean(options.json))
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ file, rows: counts })}\n`
      : `${file}: ${rowCounts(counts)}\n`,
  )
}

/** @throws UsageError when the file cannot become the backup */
function refuseTarget(file: string, force: boolean): void {
  const folder = path.dirname(file)
  if (!existsSync(folder)) {
    throw new UsageError(`there is no folder ${folder} for the file`, 'Make it, or name another.')
  }
  const found = statSync(file, { throwIfNoEntry: false })
  if (found && !found.isFile()) {
    throw new UsageError(`${file} is there, and not a file`, 'Name another file.')
  }
  if (found && !force) {
    throw new UsageError(`${file} exists`, 'Name another file, or give --force to write over it.')
  }
}

/** What opening the store would make out of a folder that is something else is no database worth keeping. */
function refuseSource(dataFolder: string): void {
  if (!existsSync(dataFolder)) {
    throw new UsageError(`there is no folder ${dataFolder}`, 'Name the folder with --data.')
  }
  if (!DATABASE_PARTS.some((part) => existsSync(path.join(dataFolder, part)))) {
    throw new UsageError(`there is no database in ${dataFolder}`, 'Name the folder with --data.')
  }
}

/** The file appears under its name when it is whole and on the disk. */
async function writeDump(config: Config, file: string, json: boolean) {
  const { openStore, writeBackup } = await import('../../store/index.js')
  const { databaseUrl, dataFolder } = config
  const partial = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.partial`)
  const progress = progressView({ json })
  try {
    const store = await openStore({ databaseUrl, dataFolder })
    try {
      const counts = await writeBackup(
        store,
        createWriteStream(partial),
        ({ table, done, total }) => progress.show({ done, total, message: table }),
      )
      await flush(partial)
      await rename(partial, file)
      return counts
    } finally {
      await store.close()
    }
  } catch (error) {
    await rm(partial, { force: true })
    const explained = explainEnvironment(error, config)
    if (explained !== error || !isFileError(error)) throw explained
    throw new EnvironmentError(`${file} cannot be written: ${error.message}`, 'Name another file.')
  } finally {
    progress.stop()
  }
}

/** Refused by the operating system while the backup was written. */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  const { syscall = '' } = error as NodeJS.ErrnoException
  return error instanceof Error && ['open', 'write', 'fsync', 'rename'].includes(syscall)
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  await handle.sync()
  await handle.close()
}
