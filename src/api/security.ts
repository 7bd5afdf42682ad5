/** Who may ask, how often, and from which pages. */
export interface ApiSecurity {
  /**
   * `keys`: every request needs a key. `until-keys`: none does as long as there is none but revoked ones; then only requests to names of this
   * machine, and from pages of this machine, are answered: for services that listen on a loopback address. `none`: no request
   * ever needs one: for applications that are called within a process.
   */
  access: 'keys' | 'until-keys' | 'none'
  /** Requests that each key has a minute; 0 for any number. */
  requestsPerMinute: number
  /** Requests with keys that are not valid which each address has a minute. */
  failuresPerMinute: number
  /** Where requests are counted for all processes together; without it each process counts its own. */
  redisUrl?: string
  /** Origins whose pages may ask, written as browsers send them: `https://mix.example`. */
  corsOrigins: readonly string[]
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-For` is believed about where a request comes from. */
  trustProxy: readonly string[]
}

export const DEFAULT_API_SECURITY: ApiSecurity = {
  access: 'none',
  requestsPerMinute: 0,
  failuresPerMinute: 100,
  corsOrigins: [],
  trustProxy: [],
}
