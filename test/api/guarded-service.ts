import { rm } from 'node:fs/promises'
import type { InjectOptions } from 'fastify'
import { type AppOptions, buildApp } from '../../src/api/index.js'
import { type OpenStore, openStore } from '../../src/store/index.js'
import type { Scope } from '../../src/store/key-contract.js'
import type { Services } from '../../src/studies/index.js'
import { createKeyService, type KeyService } from '../../src/studies/keys.js'
import { newDataFolder } from '../store/support/data-folder.js'

export type App = Awaited<ReturnType<typeof buildApp>>
export type GuardedRequest = Omit<InjectOptions, 'url'> & { key?: string }

interface AppParts {
  keys?: KeyService
  logger?: AppOptions['logger']
  /** Besides keys, health and methods. */
  services?: Partial<Services>
}

/** Applications that ask for keys, on one store; only their keys are more than a name. */
export class GuardedPlace {
  readonly store: OpenStore
  readonly #folder: string
  readonly #apps: App[] = []

  private constructor(store: OpenStore, folder: string) {
    this.store = store
    this.#folder = folder
  }

  static async open(): Promise<GuardedPlace> {
    const folder = await newDataFolder()
    return new GuardedPlace(await openStore({ dataFolder: folder }), folder)
  }

  /** @param now clock of its keys */
  keys(now?: () => number): KeyService {
    return createKeyService(this.store, now)
  }

  async app(
    security: AppOptions['security'],
    { keys = this.keys(), logger, services }: AppParts = {},
  ): Promise<App> {
    const version = '0.0.0'
    const app = await buildApp({ services: onlyKeys(keys, services), version, logger, security })
    this.#apps.push(app)
    return app
  }

  /** @returns the key itself */
  async newKey(scopes: Scope[] = ['read'], expiresAt?: Date): Promise<string> {
    return (await this.keys().create({ name: 'a key', scopes, expiresAt })).key
  }

  /** As if nobody had ever made a key. */
  async forgetKeys(): Promise<void> {
    await this.store.pool.query('delete from mixwright.api_keys')
  }

  async close(): Promise<void> {
    for (const app of this.#apps) await app.close()
    await this.store.close()
    await rm(this.#folder, { recursive: true })
  }
}

/** Services of which some routes are answered without a store: methods, and the health of the process. */
function onlyKeys(keys: KeyService, more: Partial<Services> = {}): Services {
  const health = { ready: async () => ({ ready: true, checks: {}, failures: {} }) }
  const methods = { list: () => [] }
  const there: Partial<Record<keyof Services, unknown>> = { keys, health, methods, ...more }
  return new Proxy({} as Services, {
    get(_target, name) {
      return there[name as keyof Services] ?? nothing(String(name))
    },
  })
}

function nothing(service: string): object {
  return new Proxy(
    {},
    {
      get() {
        throw new Error(`the request reached the service "${service}"`)
      },
    },
  )
}

/** An answer to a request that comes with a key. */
export async function ask(app: App, url: string, { key, headers, ...rest }: GuardedRequest = {}) {
  const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const answer = await app.inject({
    method: 'GET',
    ...rest,
    url,
    headers: { ...authorization, ...headers },
  })
  const type = String(answer.headers['content-type'])
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: type.includes('json') && answer.body !== '' ? answer.json() : answer.body,
  }
}
