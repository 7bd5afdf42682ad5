import { createReadStream, existsSync } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { Command } from 'commander'
import { readConfig } from '../config.js'
import { explainEnvironment } from '../environment.js'
import { UsageError } from '../failures.js'
import { nonEmpty } from '../options.js'
import { progressView } from '../terminal/progress.js'
import { rowCounts } from '../terminal/row-counts.js'

interface RestoreOptions {
  data?: string
  json?: boolean
}

const EXAMPLES = `
Examples:
  mixwright restore mixwright-2026-11-22.gz --data ./new-folder
  DATABASE_URL=postgresql://mixwright@db/mixwright mixwright restore copy.gz

All of the file is restored, or nothing. The database must be empty.`

export function restoreCommand(): Command {
  return new Command('restore')
    .summary('load a file written by backup into an empty database')
    .description('Loads a file written by `mixwright backup` into an empty database.')
    .argument('<file>', 'file to read')
    .option('--data <folder>', 'folder of the embedded database (default: ~/.mixwright)', nonEmpty)
    .option('--json', 'print the number of rows by table as JSON')
    .addHelpText('after', EXAMPLES)
    .action(restore)
}

async function restore(file: string, options: RestoreOptions): Promise<void> {
  const config = readConfig({ dataFolder: options.data })
  await refuseSource(file)
  const { openStore, restoreBackup } = await import('../../store/index.js')
  const { databaseUrl, dataFolder } = config
  const progress = progressView({ json: Boolean(options.json) })
  try {
    const store = await openStore({ databaseUrl, dataFolder })
    try {
      const counts = await restoreBackup(store, createReadStream(file), ({ table, done, total }) =>
        progress.show({ done, total, message: table }),
      )
      const location = store.location
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ location, rows: counts })}\n`
          : `${location}: ${rowCounts(counts)}\n`,
      )
    } finally {
      await store.close()
    }
  } catch (error) {
    throw explainEnvironment(error, config)
  } finally {
    progress.stop()
  }
}

/** Asked before the store is opened, because that would make a new database. */
async function refuseSource(file: string): Promise<void> {
  if (!existsSync(file)) throw new UsageError(`there is no file ${file}`, 'Check the path.')
  if ((await stat(file)).isDirectory())
    throw new UsageError(`${file} is a folder`, 'Name the file.')
  try {
    await access(file, constants.R_OK)
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, 'Check the path.')
  }
}
