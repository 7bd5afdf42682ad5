// What the method itself takes for one more mixture, when the hyper-parameters are known already.
import { Value } from 'typebox/value'
import { compileProblem } from '../../dist/optimizers/complete-problem.js'
import { createRng } from '../../dist/optimizers/random.js'
import { optimizerByName } from '../../dist/optimizers/registry.js'
import { selectRows } from '../../dist/optimizers/row-matrix.js'
import { RecentlyUsed } from '../../dist/recently-used.js'

/**
 * Asks ADMIRE for mixtures of one fidelity, each with the same runs known and others under way.
 * @param observations runs as the Gaussian process takes them; the last `pending` of the mixtures are under way instead
 * @returns a function that asks once more
 */
export function admireAsker(observations, { candidates, pending }) {
  const { points, values } = observations
  const known = points.rows - pending
  const method = optimizerByName('admire')
  const compiled = compileProblem({
    domains: Array.from({ length: points.columns }, (_, j) => ({ name: `domain ${j}` })),
    metrics: [{ name: 'loss' }],
  })
  const rows = (from, to) =>
    selectRows(
      points,
      Array.from({ length: to - from }, (_, i) => from + i),
    )
  const runs = rows(0, known)
  const table = {
    name: '',
    fidelity: 'default',
    runIds: Array.from({ length: known }, (_, i) => String(i)),
    raw: runs,
    normalised: runs,
    values: new Map([['loss', values.slice(0, known).map((value) => -value)]]),
  }
  const input = {
    compiled,
    params: Value.Default(method.paramsSchema, { candidates, stop: false }),
    completed: [table],
    active: [{ fidelity: 'default', normalised: rows(known, points.rows) }],
    fidelities: ['default'],
    count: 1,
    rng: createRng(1, 'suggest'),
    memo: new RecentlyUsed(16),
  }
  return () => method.suggest(input)
}
