// Sends requests made from the OpenAPI description of a running service, and checks every answer against it. Knows nothing of
// the service but that description.
//
//   node test/contract/run.mjs [--requests 1500] [--seed <n>] [--minutes 30] [--json]
//
// Ends with 1 when an answer departs from the description, when one is a 500 (or another 5xx but 503 and 507), when one does
// not come within a minute, or when the time is over before all requests were sent.
import { parseArgs } from 'node:util'
import { checkContract } from './check.mjs'
import { startService } from './service.mjs'

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '1500' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    minutes: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  },
})

const service = await startService()
const began = performance.now()
try {
  const result = await checkContract(service, {
    requests: Number(options.requests),
    seed: Number(options.seed),
    milliseconds: Number(options.minutes) * 60_000,
  })
  const seconds = (performance.now() - began) / 1000
  report({ ...result, seed: Number(options.seed), seconds, complaints: service.complaints })
  if (result.failures.length > 0 || result.isOverdue) process.exitCode = 1
} finally {
  await service.stop()
}

function report(result) {
  const { failures, sent, seed, seconds, statuses, operations, complaints, isOverdue } = result
  if (options.json) {
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
    return
  }
  for (const [kind, [{ request, answer, departures }, ...others]] of byKind(failures)) {
    console.log(`\n${kind}${others.length > 0 ? ` (and ${others.length} more)` : ''}`)
    console.log(`  ${request.method} ${request.url} (request ${request.number})`)
    console.log(`  headers ${JSON.stringify(request.headers)}`)
    if (request.body !== undefined) console.log(`  body ${request.body}`)
    console.log(`  answer ${answer}`)
    for (const departure of departures.slice(0, 5)) console.log(`  ${departure}`)
  }
  for (const line of complaints.slice(0, 5)) console.log(`\nlogged: ${line.slice(0, 2000)}`)
  if (complaints.length > 5) console.log(`(${complaints.length} lines were logged)`)
  const counts = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`)
  console.log(`\nanswers ${counts.join(', ')}`)
  const without = Object.entries(operations).filter(([, { good }]) => good === 0)
  if (without.length > 0) {
    console.log(`never answered with a success: ${without.map(([name]) => name).join(', ')}`)
  }
  if (isOverdue) console.log('the time was over before all requests were sent')
  console.log(
    `${sent} requests in ${seconds.toFixed(0)} s, seed ${seed}: ${failures.length} answers depart from the description`,
  )
}

/** One example is enough of each. */
function byKind(failures) {
  const kinds = new Map()
  for (const failure of failures) {
    const kind = `${failure.operation}: ${failure.departures[0]}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), failure])
  }
  return kinds
}
