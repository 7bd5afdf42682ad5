import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTraceparent, nextSpan, parseTraceparent } from '../../src/trace-context.js'
import { appBeforeServices } from './support.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])$/

async function ask(headers: Record<string, string>, url = '/livez') {
  const app = await appBeforeServices()
  const answer = await app.inject({ url, headers })
  await app.close()
  return answer
}

describe('a traceparent', () => {
  // https://www.w3.org/TR/trace-context/#examples-of-http-traceparent-headers
  test('of the standard is read', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      sampled: true,
    })
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled).toBe(false)
  })

  test('of a later version is read as far as this one goes', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-03-more`)?.sampled).toBe(true)
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-02`)?.sampled).toBe(false)
  })

  test.each([
    ['of the forbidden version', `ff-${TRACE}-${SPAN}-01`],
    ['with more than this version has', `00-${TRACE}-${SPAN}-01-more`],
    ['with more without a dash', `01-${TRACE}-${SPAN}-01more`],
    ['without a trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['without a span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['too short', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['without flags', `00-${TRACE}-${SPAN}`],
    ['with space', ` 00-${TRACE}-${SPAN}-01`],
    ['that is empty', ''],
  ])('%s is none', (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined()
  })

  test('comes back from its text, and no text is taken that is not one', () => {
    const hex = (length: number) =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
        .map((digits) => digits.join(''))
        .filter((text) => !/^0+$/.test(text))
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
        const trace = { traceId, spanId, sampled }
        expect(parseTraceparent(formatTraceparent(trace))).toEqual(trace)
        expect(formatTraceparent(nextSpan(trace))).toMatch(FORM)
      }),
    )
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseTraceparent(text)).toBeUndefined()
      }),
    )
  })
})

describe('an answer', () => {
  test('goes on with the trace of the request, in a step of its own', async () => {
    const { headers } = await ask({
      traceparent: `00-${TRACE}-${SPAN}-01`,
      tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
    })
    const [, traceId, spanId, flags] = FORM.exec(String(headers.traceparent)) ?? []
    expect({ traceId, flags }).toEqual({ traceId: TRACE, flags: '01' })
    expect(spanId).not.toBe(SPAN)
    expect(headers.tracestate).toBe('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE')
  })

  test('begins a trace where there is none, or none that can be read', async () => {
    const answers = [
      await ask({}),
      await ask({ traceparent: `00-${TRACE}-zz-01`, tracestate: 'a=b' }),
    ]
    const ids = answers.map(({ headers }) => FORM.exec(String(headers.traceparent))?.[1])
    expect(new Set([...ids, TRACE, undefined]).size).toBe(4)
    expect(answers[1].headers.tracestate).toBeUndefined()
  })

  test('drops a state that is too long', async () => {
    const traceparent = `00-${TRACE}-${SPAN}-01`
    const { headers } = await ask({ traceparent, tracestate: `a=${'b'.repeat(600)}` })
    expect(headers.tracestate).toBeUndefined()
  })

  test('that refuses names the trace in its problem document', async () => {
    const answer = await ask({ traceparent: `00-${TRACE}-${SPAN}-01` }, '/nowhere')
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({ traceId: TRACE })
    const other = await ask({}, '/nowhere')
    expect(other.json().traceId).toBe(FORM.exec(String(other.headers.traceparent))?.[1])
    const malformed = await ask({ traceparent: `00-${TRACE}-${SPAN}-01` }, '/%')
    expect(malformed.statusCode).toBe(400)
    expect(malformed.json()).toMatchObject({ traceId: TRACE })
  })
})

test('every line that is logged for a request names its trace', async () => {
  const lines: string[] = []
  const logger = { level: 'info', stream: { write: (line: string) => lines.push(line) } }
  const app = await appBeforeServices({ logger })
  await app.inject({ url: '/v1/studies', headers: { traceparent: `00-${TRACE}-${SPAN}-01` } })
  await app.close()
  const ofRequest = lines.map((line) => JSON.parse(line)).filter((line) => 'requestId' in line)
  expect(ofRequest.length).toBeGreaterThan(1)
  for (const line of ofRequest) expect(line).toMatchObject({ traceId: TRACE })
})
