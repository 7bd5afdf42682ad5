import { createRng } from '../../dist/optimizers/random.js'
import {
  createScorer,
  fitForest,
  fitForests,
  TREE_DEFAULTS,
} from '../../dist/optimizers/surrogates/gradient-boosted-trees/index.js'
import { spearman } from '../../dist/optimizers/surrogates/statistics.js'
import { takeTurns, time } from './comparison.mjs'
import { startScikitLearn } from './scikit-learn.mjs'
import { dirichlet } from './tables.mjs'

const CANDIDATES = 100_000

/** Gradient-boosted trees with RegMix's settings (1000 trees, 0.01, 31 leaves of at least 20 runs). */
export async function benchTrees(tables, repeats, say) {
  const { train, test, focus } = tables
  const candidates = dirichlet(CANDIDATES, train.raw.columns, createRng(1, 'candidates'))
  const peer = await startScikitLearn({ train, test, candidates }, TREE_DEFAULTS)
  if (!peer)
    say('scikit-learn was not found (set MIXWRIGHT_PYTHON to a python that has it): no peer.')
  try {
    const comparisons = await compareTasks({ train, test, focus, candidates }, repeats, peer)
    return {
      title: `Gradient-boosted trees, ${TREE_DEFAULTS.trees} trees, ${train.raw.rows} runs, ${train.raw.columns} domains`,
      peer: peer && `scikit-learn ${peer.version}`,
      comparisons,
      note: 'Quality: Spearman’s ρ × 100 of predictions and measurements on the test runs, Mixwright / peer.',
    }
  } finally {
    await peer?.stop()
  }
}

async function compareTasks({ train, test, focus, candidates }, repeats, peer) {
  const target = train.values[focus]
  let forests = []
  const one = await takeTurns(
    'fit one metric',
    repeats,
    () => time(() => fitForest(train.raw, target, TREE_DEFAULTS)),
    peer && (() => peer.fit([focus])),
  )
  const all = await takeTurns(
    `fit ${train.values.length} metrics`,
    repeats,
    () => time(() => (forests = fitForests(train.raw, train.values, TREE_DEFAULTS))),
    peer && (() => peer.fit([...train.values.keys()])),
  )
  const score = createScorer(forests[focus])
  const scored = await takeTurns(
    `score ${CANDIDATES.toLocaleString('en')} mixtures`,
    repeats,
    () => time(() => score(candidates)),
    peer && (() => peer.score(focus)),
  )
  const theirs = await peer?.predictTestRuns()
  const ours = forests.map((forest) => createScorer(forest)(test.raw))
  one.quality = correlations(test, ours, theirs, [focus])
  all.quality = `mean ${correlations(test, ours, theirs, [...test.values.keys()])}`
  return [one, all, scored]
}

function correlations(test, ours, theirs, metrics) {
  const mean = (predictions) =>
    (
      metrics.reduce((sum, k) => sum + 100 * spearman(predictions[k], test.values[k]), 0) /
      metrics.length
    ).toFixed(2)
  return [ours, theirs].filter(Boolean).map(mean).join(' / ')
}
