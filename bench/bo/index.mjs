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

const HELP = `Usage: npm run bench:bo -- [options]

Fits a Gaussian process (Matérn-5/2, a length-scale for each of 17 domains) to synthetic runs and asks it for the best of 5,000
mixtures while 10 are pending. Peer: scikit-learn's GaussianProcessRegressor with the same kernel on the same runs from the
same start, without priors on either side, found through MIXWRIGHT_PYTHON or the system's python3; left out when there
is none. Both likelihoods at the same hyper-parameters are compared, too.

Options:
  --runs <n>     runs (default 500)
  --repeats <n>  turns with the peer (default 3)
  --json         print one JSON object
  --help         print this
`

const DOMAINS = 17
const CANDIDATES = 5000
const PENDING = 10

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

function timed(work) {
  const begun = performance.now()
  const result = work()
  return { result, milliseconds: performance.now() - begun }
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
  const warm = timed(() =>
    fitGp(specification, observations, { rng, warmStart: cold.result.values }),
  )
  const posterior = new GpPosterior(specification, cold.result.values, observations)
  const mixtures = (count) => ({
    points: rowMatrixFrom(Array.from({ length: count }, () => randomMixture(rng))),
    fidelity: new Int32Array(count),
  })
  const [candidates, pending] = [mixtures(CANDIDATES), mixtures(PENDING)]
  const suggestions = [1, 2, 3].map(() =>
    timed(() => suggest(posterior, observations, candidates, pending)),
  )
  return {
    cold: cold.milliseconds,
    warm: warm.milliseconds,
    suggestion: median(suggestions.map(({ milliseconds }) => milliseconds)),
  }
}

async function measureBesidePeer(specification, observations, repeats) {
  const peer = await startPythonPeer(
    '../bo/scikit-learn.py',
    'sklearn',
    { runs: observations.points.data, scores: observations.values },
    [DOMAINS],
  )
  if (!peer) return undefined
  const starts = Float64Array.from(specification.parameters, ({ start }) => start)
  const given = { lengthScales: [...starts.subarray(2)], noise: starts[1] }
  const plain = new LogPosterior(specification, observations, { withPriors: false })
  const { likelihood } = await peer.ask({ do: 'evaluate', ...given })
  const turns = []
  for (let i = 0; i < repeats; i++) {
    const options = { rng: createRng(3, 'bench'), drawnStarts: 0 }
    const ours = timed(() => fitGp(specification, observations, options))
    const theirs = await peer.ask({ do: 'fit', ...given })
    turns.push({ ours: ours.milliseconds, ourLikelihood: ours.result.logPosterior, theirs })
  }
  await peer.stop()
  return {
    version: peer.version,
    likelihoods: { ours: plain.evaluate(starts), theirs: likelihood },
    turns,
    ratio: median(turns.map(({ ours, theirs }) => theirs.milliseconds / ours)),
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`

function print({ ours, peer }) {
  const table = new Table({ style: { head: [], border: [] } })
  table.push(['cold fit, 4 starts', seconds(ours.cold)])
  table.push(['warm fit', seconds(ours.warm)])
  table.push([`best of ${CANDIDATES}, ${PENDING} pending`, seconds(ours.suggestion)])
  if (peer) {
    const { likelihoods, turns } = peer
    table.push(['one start, without priors', turns.map(({ ours }) => seconds(ours)).join(' ')])
    table.push([
      `scikit-learn ${peer.version}`,
      turns.map(({ theirs }) => seconds(theirs.milliseconds)).join(' '),
    ])
    table.push(['scikit-learn / Mixwright', `${peer.ratio.toFixed(1)}×`])
    table.push(['log likelihoods found', `${turns[0].ourLikelihood} ${turns[0].theirs.likelihood}`])
    table.push(['at the start', `${likelihoods.ours} ${likelihoods.theirs}`])
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
