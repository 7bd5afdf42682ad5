import fc from 'fast-check'
import { Description } from './description.mjs'
import { Knowledge } from './knowledge.mjs'
import { anyOperation, requestFor } from './requests.mjs'
import { Values } from './values.mjs'

const ANSWER_MS = 60_000

/** Requests under way at the same time. */
const AT_ONCE = 4

/** Statuses from 500 on that are no defects: busy or stopping, and no room on the disk. */
const HARMLESS = [503, 507]

/**
 * Sends requests and checks the answers.
 * @param service `{ url, key: { id, key } }`
 * @returns `{ sent, failures, statuses, operations, isOverdue }`
 */
export async function checkContract(service, { requests, seed, milliseconds }) {
  const response = await fetch(`${service.url}/docs/json`)
  const description = new Description(await response.json())
  const knowledge = new Knowledge(description, [service.key.id, service.key.key])
  const values = new Values(description.document)
  const operations = Object.fromEntries(
    description.operations.map(({ operation }) => [operation.operationId, { sent: 0, good: 0 }]),
  )
  const result = { sent: 0, failures: [], statuses: {}, operations, isOverdue: false }
  const end = performance.now() + milliseconds

  async function sendNext() {
    for (;;) {
      const number = result.sent
      if (number >= requests) return
      result.isOverdue = performance.now() > end
      if (result.isOverdue) return
      result.sent++
      await sendOne(number)
    }
  }

  async function sendOne(number) {
    const made = anyOperation(description.operations, knowledge).chain((operation) =>
      fc.record({
        operation: fc.constant(operation),
        request: requestFor(operation, values, knowledge),
        key: keys(service.key.key),
      }),
    )
    const [{ operation, request, key }] = fc.sample(made, {
      seed: seedOf(seed, number),
      numRuns: 1,
    })
    const answer = await ask(service.url, request, key)
    const counted = result.operations[operation.operation.operationId]
    counted.sent++
    result.statuses[answer.status] = (result.statuses[answer.status] ?? 0) + 1
    const departures = faultsOf(description, operation, answer)
    if (departures.length > 0) {
      result.failures.push({
        operation: operation.operation.operationId,
        request: { ...request, number, headers: request.headers, body: shown(request.body) },
        answer: `${answer.status} ${answer.type} ${shown(answer.body)}`,
        departures,
      })
    }
    const { params } = request
    if (answer.status >= 200 && answer.status < 400) {
      counted.good++
      if (operation.method === 'delete') knowledge.forgetThing(operation.path, params ?? {})
      else knowledge.learn({ path: operation.path, params: request.given, ...told(answer) })
    } else if (answer.status === 404 && params) knowledge.forget(operation.path, params)
  }

  await Promise.all(Array.from({ length: AT_ONCE }, sendNext))
  return result
}

/** Runs with seeds next to each other have no request in common. */
function seedOf(seed, number) {
  return (Math.imul(seed, 0x9e3779b1) + number) | 0
}

/** Nearly always the right one. */
function keys(key) {
  return fc.oneof(
    { weight: 97, arbitrary: fc.constant(`Bearer ${key}`) },
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constantFrom('Bearer x', `Bearer ${key}x`, 'Basic YTpi', key) },
  )
}

async function ask(url, { method, url: address, headers, body }, key) {
  const cut = AbortSignal.timeout(ANSWER_MS)
  const streamed = new AbortController()
  try {
    const response = await fetch(`${url}${address}`, {
      method,
      headers: { ...headers, ...(key && { authorization: key }) },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([cut, streamed.signal]),
    })
    const { status } = response
    const type = (response.headers.get('content-type') ?? '').split(';')[0]
    const location = response.headers.get('location') ?? undefined
    const etag = response.headers.get('etag') ?? undefined
    // A stream goes on for ever; that it began is what can be checked.
    if (type === 'text/event-stream') {
      streamed.abort()
      return { status, type, location, body: undefined }
    }
    return { status, type, location, etag, body: await response.text() }
  } catch (error) {
    return { status: 0, type: '', body: `no answer: ${error.cause?.message ?? error.message}` }
  }
}

function faultsOf(description, operation, answer) {
  const { status } = answer
  if (status === 0) return [answer.body]
  const departures = description.departures(operation, answer)
  const isDefect = status >= 500 && !HARMLESS.includes(status)
  return isDefect ? [`${status} is a defect of the service`, ...departures] : departures
}

function told({ type, body, location, etag }) {
  return { location, etag, body: type.endsWith('json') && body ? JSON.parse(body) : undefined }
}

function shown(body) {
  if (body === undefined) return undefined
  const text = body instanceof FormData ? JSON.stringify([...body.entries()]) : String(body)
  return text.length > 1500 ? `${text.slice(0, 1500)}…` : text
}
