// How long `mixwright serve` takes to be ready on a new and on an old data folder, how long to stop, and the memory it
// then holds. Medians over several starts, each a process of its own.
//
//   npm run bench:serve -- [--runs 5] [--json]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
})

const MIB = 1024 * 1024

/** Resident memory in MiB: now, and at its highest. Undefined where there is no /proc. */
function memoryOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name) =>
      Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))[1]) / 1024
    return { resident: field('VmRSS'), peak: field('VmHWM') }
  } catch {
    return { resident: undefined, peak: undefined }
  }
}

function sizeOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const bytes = files.map((file) => statSync(path.join(file.parentPath, file.name)).size)
  return bytes.reduce((sum, size) => sum + size, 0) / MIB
}

async function startAndStop(folder) {
  const started = performance.now()
  const args = [main, 'serve', '--port', '0', '--data', folder, '--json']
  const { DATABASE_URL, REDIS_URL, ...env } = process.env
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const [line] = await Promise.race([
    once(child.stdout, 'data'),
    closed.then(([code]) => {
      throw new Error(`serve ended with ${code}`)
    }),
  ])
  const announced = performance.now()
  const { url } = JSON.parse(line)
  const response = await fetch(`${url}/readyz`)
  if (!response.ok) throw new Error(`/readyz answered ${response.status}`)
  const ready = performance.now()
  const memory = memoryOf(child.pid)
  child.kill('SIGTERM')
  const [code] = await closed
  if (code !== 0) throw new Error(`serve ended with ${code}`)
  return {
    announced: announced - started,
    ready: ready - started,
    stop: performance.now() - ready,
    ...memory,
  }
}

function median(numbers) {
  const sorted = numbers.filter((number) => number !== undefined).sort((a, b) => a - b)
  if (sorted.length === 0) return null
  const middle = sorted.length / 2
  const value = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2
  return Math.round(value)
}

const summary = (runs) => ({
  announcedMs: median(runs.map((run) => run.announced)),
  readyMs: median(runs.map((run) => run.ready)),
  stopMs: median(runs.map((run) => run.stop)),
  residentMiB: median(runs.map((run) => run.resident)),
  peakMiB: median(runs.map((run) => run.peak)),
})

const fresh = []
const old = []
let folderMiB
for (let run = 0; run < Number(options.runs); run++) {
  const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-bench-'))
  try {
    fresh.push(await startAndStop(folder))
    old.push(await startAndStop(folder))
    folderMiB = Math.round(sizeOf(folder))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const report = {
  node: process.version,
  cores: availableParallelism(),
  runs: fresh.length,
  newFolder: summary(fresh),
  oldFolder: summary(old),
  folderMiB,
}
if (options.json) console.log(JSON.stringify(report, null, 2))
else {
  console.log(
    `mixwright serve, Node ${report.node}, ${report.cores} cores, medians of ${report.runs} starts`,
  )
  console.table({ 'new folder': report.newFolder, 'old folder': report.oldFolder })
  console.log(`a new folder holds ${folderMiB} MiB`)
}
