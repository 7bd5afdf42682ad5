import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type { ApiKeyRecord, Scope } from '../store/key-contract.js'
import type { Store } from '../store/store.js'
import { KeyCache } from './key-cache.js'
import { drawKey, hashKey, isKeyText } from './key-text.js'
import { SCOPES } from './scopes.js'
import { type Listing, listing } from './studies.js'

export interface NewKey {
  name: string
  scopes: readonly Scope[]
  /** Must lie ahead. Default: never. */
  expiresAt?: Date | null
}

export interface Rotation {
  /** Seconds for which the old key goes on. Default 0: it ends at once. */
  overlapSeconds?: number
  /** Of the successor; null for never. Default: it lives as long as the old one was made for. */
  expiresAt?: Date | null
}

/** Who asks for a key; undefined where no key is asked for, as on the command line. */
export type Grantor = Pick<ApiKeyRecord, 'id' | 'scopes'> | undefined

/** The key itself is nowhere else, and cannot be had again. */
export interface MadeKey {
  record: ApiKeyRecord
  key: string
}

export interface KeyService {
  /** @throws MixwrightError `validation-failed`, or `scope-missing` for scopes that the grantor lacks */
  create(input: NewKey, grantor?: Grantor): Promise<MadeKey>
  list(query: { limit: number; after?: string }): Promise<Listing<ApiKeyRecord>>
  /** @throws MixwrightError `key-not-found` */
  get(id: string): Promise<ApiKeyRecord>
  /**
   * Makes a successor with the same name and scopes.
   * @throws MixwrightError `key-not-found`, `key-ended` for one that expired or was revoked, `validation-failed`, or
   * `scope-missing` when the grantor lacks a scope of the key
   */
  rotate(id: string, rotation: Rotation, grantor?: Grantor): Promise<MadeKey>
  /**
   * Ends a key: at once in this process, within 5 s in others. Asking twice is no error.
   * @throws MixwrightError `key-not-found`
   */
  revoke(id: string): Promise<ApiKeyRecord>
  /** @throws MixwrightError `key-invalid`: it has no such form, is unknown, expired or revoked */
  authenticate(key: string): Promise<ApiKeyRecord>
  /** Whether the key was valid when it was last seen in this process. */
  knows(key: string): boolean
  /**
   * Whether a key that was authenticated is valid still.
   * @param oldestMs how old what is known of it may be
   */
  isStillValid(key: Pick<ApiKeyRecord, 'hash'>, oldestMs: number): Promise<boolean>
  /**
   * Whether there is a key that nobody has revoked. Expired ones count: time alone opens no service.
   * @param oldestMs how old the answer may be. Default 5 s
   */
  anyUnrevoked(oldestMs?: number): Promise<boolean>
  /** Of the first key in the line of rotations that ends with this one; of itself when it took no other's place. */
  originOf(key: Pick<ApiKeyRecord, 'id' | 'rotatedFrom'>): Promise<string>
}

/** @param now milliseconds since 1970 */
export function createKeyService(
  store: Pick<Store, 'apiKeys'>,
  now: () => number = Date.now,
): KeyService {
  const cache = new KeyCache(store.apiKeys, now)
  const origins = new Map<string, string>()
  const require = async (id: string) => {
    const record = await store.apiKeys.get(id)
    if (!record) throw keyNotFound(id)
    return record
  }
  return {
    async create({ name, scopes, expiresAt = null }, grantor) {
      refuseScopes(scopes, grantor)
      refusePast(expiresAt, now())
      const { key, ...drawn } = draw()
      const record = await store.apiKeys.insert({
        ...drawn,
        name,
        scopes: inOrder(scopes),
        createdBy: grantor?.id ?? null,
        rotatedFrom: null,
        expiresAt,
      })
      cache.forgetAny()
      return { record, key }
    },
    async list({ limit, after }) {
      return listing(await store.apiKeys.list({ limit: limit + 1, after }), limit)
    },
    get: require,
    async rotate(id, { overlapSeconds = 0, expiresAt }, grantor) {
      const old = await require(id)
      refuseScopes(old.scopes, grantor)
      const time = now()
      const ends = expiresAt === undefined ? sameLifetime(old, time) : expiresAt
      refusePast(ends, time)
      const { key, ...drawn } = draw()
      const successor = {
        ...drawn,
        name: old.name,
        scopes: old.scopes,
        createdBy: grantor?.id ?? null,
        rotatedFrom: id,
        expiresAt: ends,
      }
      const endsAt = new Date(time + overlapSeconds * 1000)
      const record = await store.apiKeys.rotate(id, successor, endsAt)
      if (!record) {
        throw new MixwrightError('key-ended', `The key ${old.prefix} has expired or was revoked.`)
      }
      cache.forget(old.hash)
      return { record, key }
    },
    async revoke(id) {
      const record = await store.apiKeys.revoke(id)
      if (!record) throw keyNotFound(id)
      cache.forget(record.hash)
      return record
    },
    async authenticate(key) {
      if (!isKeyText(key)) {
        throw invalid('What came as a key is none: keys begin with mix_ and have 56 characters.')
      }
      const record = await cache.find(hashKey(key))
      if (!record) throw invalid('There is no such key.')
      const state = keyState(record, now())
      if (state === 'valid') return record
      cache.forget(record.hash)
      // Only who has the whole key learns what became of it.
      throw invalid(`The key ${record.prefix} ${state === 'revoked' ? 'was revoked' : 'expired'}.`)
    },
    knows: (key) => isKeyText(key) && cache.has(hashKey(key)),
    async isStillValid({ hash }, oldestMs) {
      const record = await cache.find(hash, oldestMs)
      return record !== undefined && keyState(record, now()) === 'valid'
    },
    anyUnrevoked: (oldestMs) => cache.anyUnrevoked(oldestMs),
    originOf: (key) => originOf(store.apiKeys, origins, key),
  }
}

/** @param now milliseconds since 1970 */
export function keyState(
  { revokedAt, expiresAt }: Pick<ApiKeyRecord, 'revokedAt' | 'expiresAt'>,
  now: number,
): 'valid' | 'expired' | 'revoked' {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && expiresAt.getTime() <= now ? 'expired' : 'valid'
}

/** Whose place a key took never changes, and keys are never deleted: each is looked up once. */
async function originOf(
  keys: Pick<Store['apiKeys'], 'get'>,
  origins: Map<string, string>,
  { id, rotatedFrom }: Pick<ApiKeyRecord, 'id' | 'rotatedFrom'>,
): Promise<string> {
  if (rotatedFrom === null) return id
  const known = origins.get(id)
  if (known !== undefined) return known
  let origin = rotatedFrom
  for (;;) {
    const before = (await keys.get(origin))?.rotatedFrom
    if (!before) break
    origin = before
  }
  origins.set(id, origin)
  return origin
}

function draw() {
  const { key, prefix } = drawKey()
  return { id: uuid(), prefix, hash: hashKey(key), key }
}

function inOrder(scopes: readonly Scope[]): Scope[] {
  return SCOPES.filter((scope) => scopes.includes(scope))
}

/** Nobody can give away what they do not have. */
function refuseScopes(scopes: readonly Scope[], grantor: Grantor): void {
  const lacking = grantor ? scopes.filter((scope) => !grantor.scopes.includes(scope)) : []
  if (lacking.length === 0) return
  const names = lacking.map((scope) => `\`${scope}\``).join(', ')
  throw new MixwrightError(
    'scope-missing',
    `A key can only give what it has; yours lacks ${names}.`,
  )
}

function refusePast(expiresAt: Date | null, now: number): void {
  if (expiresAt === null || expiresAt.getTime() > now) return
  const detail = `Must lie ahead; got ${expiresAt.toISOString()}.`
  throw new MixwrightError('validation-failed', 'The key would have expired already.', [
    { pointer: '/expiresAt', detail },
  ])
}

function sameLifetime({ createdAt, expiresAt }: ApiKeyRecord, now: number): Date | null {
  return expiresAt && new Date(now + Math.max(0, expiresAt.getTime() - createdAt.getTime()))
}

function invalid(detail: string): MixwrightError {
  return new MixwrightError('key-invalid', detail)
}

function keyNotFound(id: string): MixwrightError {
  return new MixwrightError('key-not-found', `There is no key with the id ${id}.`)
}
