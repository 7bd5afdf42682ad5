import { createWriteStream, existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { Command } from 'commander'
import { type Config, readConfig } from '../config.js'
import { explainEnvironment } from '../environment.js'
import { UsageError } from '../failures.js'
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

export function backupCommand(): Command {
  return new Command('backup')
    .summary('write everything that is stored to one file')
    .description('Writes everything that is stored to one file (gzip).')
    .argument('<file>', 'file to write')
    .option('--data <folder>', 'folder of the embedded database (default: ~/.mixwright)')
    .option('--force', 'write over a file that exists')
    .option('--json', 'print the number of rows by table as JSON')
    .addHelpText('after', EXAMPLES)
    .action(backup)
}

async function backup(file: string, options: BackupOptions): Promise<void> {
  const config = readConfig({ dataFolder: options.data })
  if (existsSync(file) && !options.force) {
    throw new UsageError(`${file} exists`, 'Name another file, or give --force to write over it.')
  }
  if (config.databaseUrl === undefined && !existsSync(config.dataFolder)) {
    throw new UsageError(`there is no folder ${config.dataFolder}`, 'Name the folder with --data.')
  }
  const counts = await writeDump(config, file, Boolean(options.json))
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ file, rows: counts })}\n`
      : `${file}: ${rowCounts(counts)}\n`,
  )
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
    throw explainEnvironment(error, config)
  } finally {
    progress.stop()
  }
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  await handle.sync()
  await handle.close()
}
