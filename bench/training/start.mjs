import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { median } from '../fit/comparison.mjs'

const PROGRAM = fileURLToPath(new URL('start-process.mjs', import.meta.url))

async function startOnce(name) {
  const start = performance.now()
  const child = spawn(process.execPath, [PROGRAM, name], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await once(child.stdout, 'data')
  const first = performance.now() - start
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`the process that was to train ${name} ended with ${code}`)
  return { first, ...JSON.parse(output.slice(output.indexOf('{'))) }
}

/** Fresh processes: milliseconds until the first step is done, and the largest resident memory after some, MB. */
export async function benchStart({ name }, runs) {
  const all = []
  for (let run = 0; run < runs; run++) all.push(await startOnce(name))
  const of = (key) => median(all.map((one) => one[key]))
  return { firstStep: of('first'), open: of('open'), megabytes: of('megabytes') }
}
