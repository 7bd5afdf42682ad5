// The built service in a process of its own that says, when asked, how long its event loop was blocked at most: the processor
// time of the main thread between two turns, which other work on the machine does not lengthen, and the time by the clock; and
// by how much its memory has grown.
import { readFileSync } from 'node:fs'
import { startService } from '../../dist/cli/compose.js'
import { readConfig } from '../../dist/cli/config.js'

const config = readConfig({
  host: '127.0.0.1',
  port: 0,
  dataFolder: process.argv[2],
  workers: 1,
  logLevel: 'warn',
})
const service = await startService({ ...config, databaseUrl: undefined, redisUrl: undefined })

function computedMs() {
  const file = `/proc/${process.pid}/task/${process.pid}/schedstat`
  return Number(readFileSync(file, 'latin1').split(' ')[0]) / 1e6
}

let turns
const longest = { computedMs: 0, clockMs: 0 }
const resident = { before: 0, highest: 0 }

function measure() {
  Object.assign(longest, { computedMs: 0, clockMs: 0 })
  const before = process.memoryUsage.rss()
  Object.assign(resident, { before, highest: before })
  let last = { computedMs: computedMs(), clockMs: performance.now() }
  turns = setInterval(() => {
    const now = { computedMs: computedMs(), clockMs: performance.now() }
    for (const key of Object.keys(longest)) {
      longest[key] = Math.max(longest[key], now[key] - last[key])
    }
    resident.highest = Math.max(resident.highest, process.memoryUsage.rss())
    last = now
  }, 1)
}

process.on('message', async (message) => {
  if (message === 'measure') {
    measure()
    process.send('measuring')
  } else if (message === 'report') {
    clearInterval(turns)
    process.send({ ...longest, grownBytes: resident.highest - resident.before })
  } else {
    await service.close()
    process.disconnect()
  }
})
process.send({ url: service.url })
