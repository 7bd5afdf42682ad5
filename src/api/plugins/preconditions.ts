import type { FastifyReply, FastifyRequest } from 'fastify'
import { MixwrightError } from '../../errors.js'

/** Conditional requests (RFC 9110 §13) on resources whose ETag is their version. */

/** The versions that a caller takes for the present one; `any` for `*`. */
export type Versions = 'any' | readonly number[]

const MOST_TAGS = 100
const LIST =
  /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*)*$/
const TAG = /(W\/)?"([^"]*)"/g
const VERSION = /^[1-9]\d{0,15}$/

export function etagOf({ version }: { version: number }): string {
  return `"${version}"`
}

/** For routes that change what others may have changed meanwhile. */
export function requiredVersions(request: FastifyRequest): Versions {
  const versions = givenVersions(request)
  if (versions !== undefined) return versions
  throw new MixwrightError('precondition-required', 'The request has no If-Match header.')
}

/**
 * What If-Match allows; undefined without one. Weak tags match nothing.
 * @throws MixwrightError `malformed-request`
 */
export function givenVersions({ headers }: FastifyRequest): Versions | undefined {
  const given = headers['if-match']
  return given === undefined ? undefined : parseTags(given, 'If-Match', { weak: false })
}

/**
 * Names the version in the answer.
 * @returns whether the caller has it already: then the answer is an empty 304
 */
export function hasVersion(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  resource: { version: number },
): boolean {
  reply.header('etag', etagOf(resource))
  const given = headers['if-none-match']
  if (given === undefined) return false
  const versions = parseTags(given, 'If-None-Match', { weak: true })
  return versions === 'any' || versions.includes(resource.version)
}

function parseTags(given: string, name: string, { weak }: { weak: boolean }): Versions {
  if (given.trim() === '*') return 'any'
  const tags = [...given.matchAll(TAG)]
  if (!LIST.test(given) || tags.length > MOST_TAGS) {
    const detail = `In the headers: \`${name}\` must be \`*\` or ETags in quotation marks, for instance "3".`
    throw new MixwrightError('malformed-request', detail)
  }
  // A tag that is no version is that of something else: it matches nothing.
  return tags
    .filter(([, mark, tag]) => (weak || mark === undefined) && VERSION.test(tag))
    .map(([, , tag]) => Number(tag))
}
