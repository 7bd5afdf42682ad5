// Times training beside named peers, in one run and on one thread a side.
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { benchScaling } from './scaling.mjs'
import { loadSize, SIZE_NAMES } from './sizes.mjs'
import { benchSpeed } from './speed.mjs'
import { benchStart } from './start.mjs'

const HELP = `Usage: npm run bench:training -- [options]

Trains each size of model on random tokens. The ONNX engine and PyTorch (the distribution's python3-torch, or that of
MIXWRIGHT_PYTHON) take turns on one thread each, from the same parameters on the same batches; their losses must agree
within 1e-4 first. Then: TensorFlow.js, the engine's own matrix product, two worker threads beside one, fresh processes.

Rates are tokens per second of CPU time, which a busy machine disturbs less than the clock on the wall; ratios are given
by both.

Options:
  --size <name>     ${SIZE_NAMES.join(', ')} (may be repeated; default all)
  --turns <n>       turns of each pair (default 9)
  --device <name>   cpu, webgpu or cuda for the ONNX engine (default cpu)
  --quick           3 turns, without TensorFlow.js
  --json            print one JSON object
  --help            print this
`

function readOptions() {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', multiple: true, default: SIZE_NAMES },
      turns: { type: 'string' },
      device: { type: 'string', default: 'cpu' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const turns = Number(values.turns ?? (values.quick ? 3 : 9))
  if (!Number.isInteger(turns) || turns < 1) throw new Error('--turns must be 1 or more')
  const unknown = values.size.find((name) => !SIZE_NAMES.includes(name))
  if (unknown !== undefined) throw new Error(`there is no size "${unknown}"`)
  return { ...values, turns }
}

const whole = (value) => (value === undefined ? '–' : Math.round(value).toLocaleString('en'))
const ratio = (value) => (value === undefined ? '–' : `${value.toFixed(2)}×`)
const ratios = (values) => values.map(ratio).join(' ') || '–'

function printSpeed(results) {
  const table = new Table({
    head: [
      'tokens/s',
      'Mixwright',
      results[0].speed.peer ?? 'no peer',
      'ratio by CPU',
      'ratio by wall',
      'each pair, by CPU',
      'TensorFlow.js',
      'products',
      'of ceiling',
    ],
    style: { head: [], border: [] },
  })
  for (const { name, speed } of results) {
    table.push([
      name,
      whole(speed.ours),
      whole(speed.theirs),
      ratio(speed.cpuRatio),
      ratio(speed.ratio),
      ratios(speed.cpuRatios),
      whole(speed.tfjs),
      `${whole(speed.gigaflops)} of ${whole(speed.ceiling)} GFLOP/s`,
      `${Math.round((100 * speed.gigaflops) / speed.ceiling)} %`,
    ])
  }
  console.log(table.toString())
}

function printRest(results) {
  const table = new Table({
    head: [
      '',
      '2 workers / 1, by wall',
      'by CPU',
      'each turn',
      'first step after',
      'of it opening',
      'resident',
      'PyTorch',
    ],
    style: { head: [], border: [] },
  })
  for (const { name, scaling, start, speed } of results) {
    table.push([
      name,
      ratio(scaling.ratio),
      ratio(scaling.cpuRatio),
      ratios(scaling.ratios),
      `${whole(start.firstStep)} ms`,
      `${whole(start.open)} ms`,
      `${whole(start.megabytes)} MB`,
      speed.peerMegabytes ? `${whole(speed.peerMegabytes)} MB` : '–',
    ])
  }
  console.log(table.toString())
}

async function main() {
  const options = readOptions()
  if (options.help) return void process.stdout.write(HELP)
  const say = (line) => options.json || console.log(line)
  const results = []
  for (const name of options.size) {
    const size = loadSize(name)
    say(`${name}: ${whole(size.spec.parameters.length)} parameters, ${size.tokens} tokens a step`)
    const settings = { turns: options.turns, tfjs: !options.quick, device: options.device }
    const speed = await benchSpeed(size, settings, say)
    const scaling = await benchScaling(size, Math.min(5, options.turns))
    const start = await benchStart(size, Math.min(3, options.turns))
    results.push({ name, parameters: size.spec.parameters.length, speed, scaling, start })
  }
  if (options.json) {
    const { node, v8 } = process.versions
    console.log(JSON.stringify({ node, v8, results }, null, 2))
  } else {
    printSpeed(results)
    printRest(results)
  }
}

main().catch((error) => {
  console.error(`error: ${error.message}`)
  process.exitCode = 1
})
