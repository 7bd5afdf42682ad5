import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import {
  ApiClient,
  type Key,
  type KeyRotation,
  type MadeKey,
  type NewKey,
  type ServiceOptions,
  serviceUrl,
} from '../../client/index.js'
import { type Config, readConfig } from '../../config.js'
import { explainEnvironment } from '../../environment.js'
import { EnvironmentError, UsageError } from '../../failures.js'
import { nonEmpty } from '../../options.js'

/** Where keys are: behind a running service, or in a store. */
export interface KeyPlace {
  createKey(key: NewKey): Promise<MadeKey>
  keys(): AsyncIterable<Key>
  key(id: string): Promise<Key>
  rotateKey(id: string, rotation: KeyRotation): Promise<MadeKey>
  revokeKey(id: string): Promise<void>
}

export interface KeyPlaceOptions extends ServiceOptions {
  data?: string
  json?: boolean
}

/** Adds the options that say where the keys are. */
export function withKeyPlace(command: Command): Command {
  return command
    .option('--data <folder>', 'folder of the embedded database (default: ~/.mixwright)', nonEmpty)
    .option('--url <url>', 'a running service instead of a database', nonEmpty)
}

/**
 * Does the work where the options say: at a service with --url (or MIXWRIGHT_URL), else directly in the database that
 * DATABASE_URL or --data names.
 * @param makes whether a database may be made for it
 */
export async function atKeys<T>(
  options: KeyPlaceOptions,
  work: (place: KeyPlace) => Promise<T>,
  { makes = false } = {},
): Promise<T> {
  if (options.data !== undefined && options.url !== undefined) {
    throw new UsageError('--data and --url are two places', 'Give one of them.')
  }
  const isRemote = options.url !== undefined || Boolean(process.env.MIXWRIGHT_URL)
  if (isRemote && options.data === undefined) return work(new ApiClient(serviceUrl(options)))
  const config = readConfig({ dataFolder: options.data })
  if (!makes) refuseNothing(config)
  return inStore(config, work)
}

function refuseNothing({ databaseUrl, dataFolder }: Config): void {
  if (databaseUrl !== undefined || existsSync(dataFolder)) return
  throw new UsageError(`there is no folder ${dataFolder}`, 'Name the folder with --data.')
}

async function inStore<T>(config: Config, work: (place: KeyPlace) => Promise<T>): Promise<T> {
  const [{ openStore, FolderInUseError }, { storedKeys }] = await Promise.all([
    import('../../../store/index.js'),
    import('./stored-keys.js'),
  ])
  const { databaseUrl, dataFolder } = config
  const store = await openStore({ databaseUrl, dataFolder }).catch((error) => {
    if (!(error instanceof FolderInUseError)) throw explainEnvironment(error, config)
    throw new EnvironmentError(
      error.message,
      'Ask the service that holds it: --url <its address>, with a key that has the scope admin in MIXWRIGHT_API_KEY if it asks for ' +
        'keys. Or stop it first.',
    )
  })
  try {
    return await work(storedKeys(store))
  } finally {
    await store.close()
  }
}
