/** Redis does not answer. */
export class RedisUnreachableError extends Error {
  override readonly name = 'RedisUnreachableError'

  constructor(host: string, cause: Error) {
    super(`Redis at ${host} cannot be reached: ${cause.message}`, { cause })
  }
}

/** Redis answers, but cannot carry jobs. */
export class UnfitRedisError extends Error {
  override readonly name = 'UnfitRedisError'
}
