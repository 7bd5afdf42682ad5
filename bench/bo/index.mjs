// How fast a Gaussian process is fitted and asked for the next mixture, beside scikit-learn's in the same run, on one thread each.
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { logExpectedImprovement } from '../../dist/optimizers/acquisition/index.js'
import { sampleUniformSimplex } from '../../dist/optimizers/mixture/index.js'
import { createRng } from '../../dist/optimizers/random.js'
import { rowMatrixFrom } from '../../dist/optimizers/row-matrix.js'
import {
  fitGp,
  GpPosterior,
  LogPosterior,
  MATERN_5_2,
  single,
  specifyGp,
} from '../../dist/optimizers/surrogates/gaussian-process/index.js'
import { startPythonPeer } from '../fit/python-peer.mjs'
import { admireAsker } from './admire.mjs'
import { replayOneSeed } from './replay.mjs'

const HELP = `Usage: npm run bench:bo -- [options]

Fits a Gaussian process (Matérn-5/2, a length-scale for each of 17 domains) to synthetic runs: cold from its several starts, and
warm from the hyper-parameters that fitted all but the last 10 runs. Then asks it for the best of 5,000 mixtures while 10 are
pending. Peer: scikit-learn's GaussianProcessRegressor with the same kernel on the same runs from the same start, without priors
on either side, found through MIXWRIGHT_PYTHON or the system's python3; left out when there is none. Both likelihoods at the
same hyper-parameters are compared, too.

Times are processor time, of all threads of the process, so that other programs on the machine count less; those of the clock
follow in brackets.

Options:
  --runs <n>     runs, more than 10 (default 500)
  --repeats <n>  turns with the peer (default 3)
  --json         print one JSON object
  --help         print this
`

const DOMAINS = 17
const CANDIDATES = 5000
const PENDING = 10
/** Of the search that is replayed. */
const STEPS = 100

function readOptions() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '500' },
      repeats: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return { ...values, runs: Number(values.runs), repeats: Number(values.repeats) }
}

const randomMixture = (rng) => sampleUniformSimplex(rng, new Float64Array(DOMAINS))

/** A law of a few domains, with noise; of variance 1. */
function syntheticRuns(count) {
  const rng = createRng(1, 'bench')
  const rows = Array.from({ length: count }, () => randomMixture(rng))
  const raw = rows.map((row) => Math.exp(-8 * row[0]) + row[3] * row[5] * 40 + 0.05 * rng.normal())
  const mean = raw.reduce((sum, value) => sum + value, 0) / count
  const sd = Math.sqrt(raw.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1))
  return {
    points: rowMatrixFrom(rows),
    fidelity: new Int32Array(count),
    values: Float64Array.from(raw, (value) => (value - mean) / sd),
    knownNoise: new Float64Array(count),
    repeats: new Float64Array(count).fill(1),
  }
}

/** Milliseconds of the processor and of the clock. */
function timed(work) {
  const begun = performance.now()
  const before = process.cpuUsage()
  const result = work()
  const { user, system } = process.cpuUsage(before)
  return { result, processor: (user + system) / 1000, clock: performance.now() - begun }
}

const times = ({ processor, clock }) => ({ processor, clock })

function medianTimes(all) {
  const of = (name) => median(all.map((one) => one[name]))
  return { processor: of('processor'), clock: of('clock') }
}

/** The runs without the last ones. */
function withoutLast(observations, count) {
  const { points, ...rest } = observations
  const rows = points.rows - count
  const { columns, data } = points
  const cut = Object.entries(rest).map(([name, values]) => [name, values.slice(0, rows)])
  return {
    ...Object.fromEntries(cut),
    points: { data: data.slice(0, rows * columns), rows, columns },
  }
}

/** With and without priors; without them, the mean is 0 as the peer's is. */
function specifications() {
  const choice = { kernel: MATERN_5_2, fidelityKernel: single(), coordinates: DOMAINS }
  const own = specifyGp(choice)
  const parameters = own.parameters.map(({ prior, ...rest }) =>
    rest.name === 'mean' ? { ...rest, lower: 0, upper: 0 } : { ...rest },
  )
  return { own, plain: { ...own, parameters } }
}

/** The best of the candidates by expected improvement, given what is pending at its expected score. */
function suggest(posterior, observations, candidates, pending) {
  const size = posterior.size
  posterior.imagine(pending, posterior.at(pending).means)
  const best = Math.max(...posterior.at(observations).means)
  const { means, deviations } = posterior.at(candidates)
  let first = 0
  let most = Number.NEGATIVE_INFINITY
  for (let i = 0; i < means.length; i++) {
    const gain = logExpectedImprovement(means[i], deviations[i], best)
    if (gain > most) [first, most] = [i, gain]
  }
  posterior.forget(size)
  return first
}

function measureOurs(specification, observations) {
  const rng = createRng(2, 'bench')
  const cold = timed(() => fitGp(specification, observations, { rng }))
  const { values } = fitGp(specification, withoutLast(observations, PENDING), { rng })
  const warm = timed(() => fitGp(specification, observations, { rng, warmStart: values }))
  const posterior = new GpPosterior(specification, cold.result.values, observations)
  const mixtures = (count) => ({
    points: rowMatrixFrom(Array.from({ length: count }, () => randomMixture(rng))),
    fidelity: new Int32Array(count),
  })
  const [candidates, pending] = [mixtures(CANDIDATES), mixtures(PENDING)]
  const suggestions = [1, 2, 3].map(() =>
    timed(() => suggest(posterior, observations, candidates, pending)),
  )
  const ask = admireAsker(observations, { candidates: CANDIDATES, pending: PENDING })
  ask()
  const asked = [1, 2, 3].map(() => timed(ask))
  return {
    cold: times(cold),
    warm: times(warm),
    suggestion: medianTimes(suggestions),
    admire: medianTimes(asked),
    replay: replayOneSeed(STEPS),
  }
}

/** Both log likelihoods at hyper-parameters: at the start of the fits, and where ours ends. */
async function compareLikelihoods(peer, specification, observations) {
  const plain = new LogPosterior(specification, observations, { withPriors: false })
  const start = Float64Array.from(specification.parameters, (one) => one.start)
  const { values } = fitGp(specification, observations, ONE_START)
  const likelihoods = []
  for (const at of [start, values]) {
    const ours = plain.evaluate(at)
    const { likelihood: theirs } = await peer.ask({ do: 'evaluate', ...hyperparametersOf(at) })
    likelihoods.push({ ours, theirs, relative: Math.abs(ours - theirs) / Math.abs(theirs) })
  }
  return likelihoods
}

const ONE_START = { rng: createRng(3, 'bench'), drawnStarts: 0 }
const hyperparametersOf = (values) => ({ lengthScales: [...values.slice(2)], noise: values[1] })

async function measureBesidePeer(specification, observations, repeats) {
  const peer = await startPythonPeer(
    '../bo/scikit-learn.py',
    'sklearn',
    { runs: observations.points.data, scores: observations.values },
    [DOMAINS],
  )
  if (!peer) return undefined
  const likelihoods = await compareLikelihoods(peer, specification, observations)
  const start = hyperparametersOf(specification.parameters.map((one) => one.start))
  const turns = []
  for (let i = 0; i < repeats; i++) {
    const ours = timed(() => fitGp(specification, observations, ONE_START))
    const { logPosterior, evaluations } = ours.result
    const theirs = await peer.ask({ do: 'fit', ...start })
    turns.push({ ours: { ...times(ours), likelihood: logPosterior, evaluations }, theirs })
  }
  await peer.stop()
  return {
    version: peer.version,
    likelihoods,
    turns,
    ratio: median(turns.map(({ ours, theirs }) => theirs.processor / ours.processor)),
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const seconds = ({ processor, clock }) =>
  `${(processor / 1000).toFixed(2)} s (${(clock / 1000).toFixed(2)} s)`

function print({ ours, peer }) {
  const table = new Table({ style: { head: [], border: [] } })
  table.push(['cold fit, 4 starts', seconds(ours.cold)])
  table.push([`warm fit, ${PENDING} runs later`, seconds(ours.warm)])
  table.push([`best of ${CANDIDATES}, ${PENDING} pending`, seconds(ours.suggestion)])
  table.push([`ADMIRE, one more of ${CANDIDATES}`, seconds(ours.admire)])
  if (ours.replay) {
    const { runs, cost, milliseconds } = ours.replay
    const took = `${(milliseconds / 1000).toFixed(1)} s, at a cost of ${cost.toFixed(2)}`
    table.push([`one seed, ${runs} runs at 3 fidelities`, took])
  }
  if (peer) {
    const { version, likelihoods, turns } = peer
    const found = turns[0]
    const column = (side) => turns.map((turn) => seconds(turn[side])).join('\n')
    table.push(['one start, without priors', column('ours')])
    table.push([`scikit-learn ${version}`, column('theirs')])
    table.push(['scikit-learn / Mixwright', `${peer.ratio.toFixed(1)}×`])
    table.push(['evaluations', `${found.ours.evaluations}, theirs ${found.theirs.evaluations}`])
    table.push([
      'log likelihood found',
      `${found.ours.likelihood}\n${found.theirs.likelihood} (theirs)`,
    ])
    ;['at the start', 'at our maximum'].forEach((place, i) => {
      const { ours: own, theirs, relative } = likelihoods[i]
      table.push([
        `log likelihood ${place}`,
        `${own}\n${theirs} (theirs)\nrelative difference ${relative.toExponential(1)}`,
      ])
    })
  }
  console.log(table.toString())
}

async function main() {
  const options = readOptions()
  if (options.help) return console.log(HELP)
  const observations = syntheticRuns(options.runs)
  const { own, plain } = specifications()
  const ours = measureOurs(own, observations)
  const peer = await measureBesidePeer(plain, observations, options.repeats)
  const report = { node: process.version, runs: options.runs, domains: DOMAINS, ours, peer }
  if (options.json) console.log(JSON.stringify(report, null, 2))
  else print(report)
}

await main()
