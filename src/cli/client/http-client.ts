import { ERRORS, type ErrorCode, MixwrightError, type ProblemDocument } from '../../errors.js'
import { formatTraceparent, nextSpan } from '../../trace-context.js'
import { EnvironmentError } from '../failures.js'

export interface Request {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** From the root of the service, for instance `/v1/studies`. */
  address: string
  /** Sent as JSON. */
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

/**
 * Requests to a running service. What it refuses becomes the error that it was there.
 *
 * @throws MixwrightError what the service refuses
 * @throws EnvironmentError when there is no service, or something else at its address
 */
export class HttpClient {
  readonly url: URL
  /** Goes with every request. */
  readonly authorization: Record<string, string>
  /** All requests of a client belong to one trace. */
  readonly #trace = nextSpan()

  /**
   * @param url root of the service, which may have a path
   * @param key that it asks for
   */
  constructor(url: URL, key?: string) {
    this.url = url
    this.authorization = key === undefined ? {} : { authorization: `Bearer ${key}` }
  }

  /** The whole URL of an address of the service. */
  resolve(address: string): URL {
    return new URL(`${this.url.href.replace(/\/$/, '')}${address}`)
  }

  /** An answer that says it is one; its body is not read yet. */
  async request({ method, address, body, headers, signal }: Request): Promise<Response> {
    const json = body !== undefined && { 'content-type': 'application/json' }
    const response = await fetch(this.resolve(address), {
      method,
      signal,
      headers: {
        ...this.authorization,
        traceparent: formatTraceparent(nextSpan(this.#trace)),
        ...json,
        ...headers,
      },
      ...(json && { body: JSON.stringify(body) }),
    }).catch((error) => {
      throw signal?.aborted ? error : unreachable(this.url, error)
    })
    if (response.ok) return response
    throw refusalOf(response.status, await response.text(), this.url)
  }

  /** @returns the body, as what the caller knows it to be */
  async json<T>(request: Request): Promise<T> {
    const response = await this.request(request)
    return (await response.json().catch(() => {
      throw noService(this.url, response.status)
    })) as T
  }
}

/** Why there is no answer. */
export function unreachable(url: URL, error: unknown): EnvironmentError {
  const { cause = error } = error as { cause?: unknown }
  const { code, message } = cause as NodeJS.ErrnoException
  return new EnvironmentError(
    `the service at ${url.origin} cannot be reached: ${code === 'ECONNREFUSED' ? 'nothing listens there' : message}`,
    'Start it with `mixwright serve`, or name another with --url or MIXWRIGHT_URL.',
  )
}

function noService(url: URL, status: number): EnvironmentError {
  return new EnvironmentError(
    `what is at ${url.origin} does not answer like Mixwright (status ${status})`,
    'Name the service with --url or MIXWRIGHT_URL.',
  )
}

/** The error that a service answered with. */
export function refusalOf(status: number, body: string, url: URL): Error {
  const problem = readProblem(body)
  if (!problem) return noService(url, status)
  const { code, title, detail, fix, errors } = problem
  if (code in ERRORS) return new MixwrightError(code, detail, errors)
  return new EnvironmentError(detail || title, fix)
}

function readProblem(body: string): (ProblemDocument & { code: ErrorCode }) | undefined {
  try {
    const document: unknown = JSON.parse(body)
    const isProblem = typeof (document as ProblemDocument | null)?.code === 'string'
    return isProblem ? (document as ProblemDocument) : undefined
  } catch {
    return undefined
  }
}
