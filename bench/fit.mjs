// Times what fits and scores surrogates, each part beside a named peer, in one run and on one thread a side.
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { benchLogLinear } from './fit/log-linear.mjs'
import { loadTables } from './fit/tables.mjs'
import { benchTrees } from './fit/trees.mjs'

/** Each part yields comparisons { task, ours, peer, quality } from the tables; see fit/comparison.mjs. */
const PARTS = { trees: benchTrees, 'log-linear': benchLogLinear }

const HELP = `Usage: npm run bench:fit -- [options]

Times fitting and scoring of surrogates on RegMix's tables (or, when MIXWRIGHT_SHARED_DATA does not hold them, on a
seeded synthetic table of the same shape). Mixwright and its peer take turns; medians and ratios are printed.

Parts: ${Object.keys(PARTS).join(', ')}
  trees       gradient-boosted trees beside scikit-learn's HistGradientBoostingRegressor, found through
              MIXWRIGHT_PYTHON or the system's python3; left out when there is none
  log-linear  the log-linear law from 30 starts beside SciPy's L-BFGS-B on the same objective

Options:
  --part <name>     only this part (may be repeated)
  --repeats <n>     turns of each task (default 3)
  --json            print one JSON object
  --help            print this
`

function readOptions() {
  const { values } = parseArgs({
    options: {
      part: { type: 'string', multiple: true, default: Object.keys(PARTS) },
      repeats: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const repeats = Number(values.repeats)
  if (!Number.isInteger(repeats) || repeats < 1) throw new Error('--repeats must be 1 or more')
  const unknown = values.part.find((name) => !(name in PARTS))
  if (unknown !== undefined) throw new Error(`there is no part "${unknown}"`)
  return { ...values, repeats }
}

const milliseconds = (value) => `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`
const ratio = (value) => `${value.toFixed(2)}×`

function printTable({ title, peer, comparisons, note }) {
  console.log(`\n${title}`)
  const table = new Table({
    head: ['', 'Mixwright', peer ?? 'no peer', 'peer / Mixwright', 'each pair', 'quality'],
    style: { head: [], border: [] },
  })
  for (const { task, ours, theirs, ratios, medianRatio, quality } of comparisons) {
    table.push([
      task,
      milliseconds(ours.median),
      theirs ? milliseconds(theirs.median) : '–',
      theirs ? ratio(medianRatio) : '–',
      theirs ? ratios.map(ratio).join(' ') : '–',
      quality ?? '',
    ])
  }
  console.log(table.toString())
  if (note) console.log(note)
}

async function main() {
  const options = readOptions()
  if (options.help) return void process.stdout.write(HELP)
  const tables = loadTables()
  const say = (line) => options.json || console.log(line)
  say(`Data: ${tables.source}`)
  const parts = []
  for (const name of options.part) {
    const part = await PARTS[name](tables, options.repeats, say)
    parts.push({ name, ...part })
    if (!options.json) printTable(part)
  }
  if (options.json) {
    const { node, v8 } = process.versions
    console.log(JSON.stringify({ source: tables.source, node, v8, parts }, null, 2))
  }
}

main().catch((error) => {
  console.error(`error: ${error.message}`)
  process.exitCode = 1
})
