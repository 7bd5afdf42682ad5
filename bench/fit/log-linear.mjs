import { createRng } from '../../dist/optimizers/random.js'
import { createRowMatrix } from '../../dist/optimizers/row-matrix.js'
import { fitLogLinearLaw } from '../../dist/optimizers/surrogates/index.js'
import { takeTurns, time } from './comparison.mjs'
import { concatenate, startPythonPeer } from './python-peer.mjs'

const OPTIONS = { starts: 30, huberDelta: 0.02, maxIterations: 1000 }

/** The log-linear law, every metric from 30 starts, beside SciPy's L-BFGS-B on the same objective and gradient. */
export async function benchLogLinear({ train }, repeats, say) {
  const mixtures = normalised(train.raw)
  const peer = await startPythonPeer(
    'scipy-lbfgs.py',
    'scipy',
    { mixtures: mixtures.data, targets: concatenate(train.values) },
    [mixtures.columns, JSON.stringify(OPTIONS)],
  )
  if (!peer) say('SciPy was not found (set MIXWRIGHT_PYTHON to a python that has it): no peer.')
  let losses = []
  let theirLosses = []
  try {
    const comparison = await takeTurns(
      `fit ${train.values.length} metrics × ${OPTIONS.starts} starts`,
      repeats,
      () =>
        time(() => {
          losses = train.values.map(
            (values) => fitLogLinearLaw(mixtures, values, OPTIONS, createRng(1, 'starts')).loss,
          )
        }),
      peer &&
        (async () => {
          const { milliseconds, losses: best } = await peer.ask({ do: 'fit' })
          theirLosses = best
          return milliseconds
        }),
    )
    comparison.quality = [losses, theirLosses]
      .filter((all) => all.length > 0)
      .map((all) => all.reduce((sum, loss) => sum + loss, 0).toFixed(4))
      .join(' / ')
    return {
      title: `Log-linear law, ${mixtures.rows} runs, ${mixtures.columns} domains`,
      peer: peer && `SciPy ${peer.version} L-BFGS-B`,
      comparisons: [comparison],
      note: 'Quality: the best summed Huber loss, added over the metrics, Mixwright / peer; lower is better.',
    }
  } finally {
    await peer?.stop()
  }
}

function normalised({ data, rows, columns }) {
  const result = createRowMatrix(rows, columns)
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns)
    const sum = row.reduce((total, weight) => total + weight, 0)
    result.data.set(
      row.map((weight) => weight / sum),
      i * columns,
    )
  }
  return result
}
