import type { IncomingMessage } from 'node:http'
import { MixwrightError } from '../errors.js'

/**
 * The key of a request, as it came: `Authorization: Bearer <key>` (RFC 6750).
 * @throws MixwrightError `key-missing`, or `key-invalid` when there are two
 */
export function readBearer({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): string {
  // `headers` holds the first of several only; a proxy before us may have looked at another one.
  const given = rawHeaders.filter(
    (_, i) => rawHeaders[i - 1]?.toLowerCase() === 'authorization' && i % 2 === 1,
  )
  if (given.length === 0) {
    throw new MixwrightError('key-missing', 'The request has no Authorization header.')
  }
  if (given.length > 1) {
    throw new MixwrightError('key-invalid', 'The request has more than one Authorization header.')
  }
  const [, key] = /^Bearer +(\S.*)$/i.exec(given[0]) ?? []
  if (key !== undefined) return key.trimEnd()
  // What is there instead may be a secret, and is not repeated.
  throw new MixwrightError(
    'key-missing',
    'The Authorization header does not have the form `Bearer <key>`.',
  )
}

/** What `WWW-Authenticate` says to a refusal; the code of RFC 6750 where it has one. */
export function challenge(error?: string, scope?: string): string {
  const parts = ['realm="mixwright"']
  if (error !== undefined) parts.push(`error="${error}"`)
  if (scope !== undefined) parts.push(`scope="${scope}"`)
  return `Bearer ${parts.join(', ')}`
}
