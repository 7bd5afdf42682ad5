/** The answer that a request got, for whoever sends it again. */
export interface StoredAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

export type IdempotencyBegin =
  /** The request is this caller's to work on. `resourceId` (UUID v7) is the same in every try: what is made gets it as its id. */
  | { outcome: 'begun'; resourceId: string }
  | { outcome: 'answered'; answer: StoredAnswer }
  /** Another request with the key is being worked on. */
  | { outcome: 'running' }
  /** The key came with another request before. */
  | { outcome: 'other-request' }

export interface IdempotencyRepository {
  /**
   * Begins the request with this key, unless it was begun before. One that has been `running` for longer than `staleMs` was left
   * by a process that died, and is begun again with its old resource id.
   * @param scope who asks, and at which address: keys of different scopes have nothing to do with each other
   * @param fingerprint SHA-256 (hex) of what was asked
   */
  begin(scope: string, key: string, fingerprint: string, staleMs: number): Promise<IdempotencyBegin>
  /** A sign of life of whoever works on the request. */
  renew(scope: string, key: string): Promise<void>
  /** Keeps the answer. The first one stays. */
  answer(scope: string, key: string, answer: StoredAnswer): Promise<void>
  /** Gives up a request without an answer worth keeping. The next try begins at once, with the same resource id. */
  release(scope: string, key: string): Promise<void>
  /** Gives up all requests being worked on. For a start of the only process on the database. */
  releaseAll(): Promise<void>
  /** Removes keys made before the date. Returns how many. */
  deleteBefore(date: Date): Promise<number>
}
