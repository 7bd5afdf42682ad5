import type { Page } from './store.js'

export type Scope = 'read' | 'write' | 'run' | 'admin'

/** An API key, without the key itself, of which only the hash is kept. */
export interface ApiKeyRecord {
  id: string
  name: string
  /** The beginning of the key, by which people know it again. */
  prefix: string
  /** SHA-256 (hex) of the whole key. */
  hash: string
  scopes: Scope[]
  /** The key that made it over HTTP; null from the command line. */
  createdBy: string | null
  /** The key that this one takes the place of. */
  rotatedFrom: string | null
  createdAt: Date
  expiresAt: Date | null
  revokedAt: Date | null
  lastUsedAt: Date | null
}

export interface ApiKeyRepository {
  insert(key: Omit<ApiKeyRecord, 'createdAt' | 'revokedAt' | 'lastUsedAt'>): Promise<ApiKeyRecord>
  /**
   * Writes the successor of a key, which itself ends at `endsAt` at the latest; one transaction. Undefined when the key is
   * gone, revoked or expired.
   */
  rotate(
    id: string,
    successor: Omit<ApiKeyRecord, 'createdAt' | 'revokedAt' | 'lastUsedAt'>,
    endsAt: Date,
  ): Promise<ApiKeyRecord | undefined>
  get(id: string): Promise<ApiKeyRecord | undefined>
  findByHash(hash: string): Promise<ApiKeyRecord | undefined>
  list(page: Page): Promise<ApiKeyRecord[]>
  /** Undefined when there is none. Revoking twice changes nothing. */
  revoke(id: string): Promise<ApiKeyRecord | undefined>
  /** Whether there is a key that nobody has revoked, expired or not. */
  anyUnrevoked(): Promise<boolean>
  /** Notes the use; at most once a minute is written. */
  touch(id: string): Promise<void>
}
