import { Type } from 'typebox'
import type { Optimizer, SuggestInput, Suggestion } from '../../types.js'
import { baselines } from '../baselines/index.js'
import { pickBestMeasured } from '../picks.js'
import { recommendBestRun } from '../recommend-best-run.js'
import { type SurrogateParams, surrogateParamsProperties } from '../surrogate-params.js'
import { drawCandidates, suggestDrawn, uniform } from '../swarm.js'

export const RandomParamsSchema = Type.Object(surrogateParamsProperties, {
  additionalProperties: false,
})

/** The control: mixtures at random, and the best of those that were run. The search takes no parameters; the evidence does. */
export const random: Optimizer<SurrogateParams> = {
  name: 'random',
  title: 'Random search',
  summary: 'Tries mixtures at random and keeps the best one measured: the control of every search.',
  citation: {
    authors: 'Bergstra and Bengio',
    title: 'Random Search for Hyper-Parameter Optimization',
    year: 2012,
    url: 'https://jmlr.org/papers/v13/bergstra12a.html',
  },
  capabilities: { fidelities: false, pending: true, multiObjective: true, adaptive: false },
  paramsSchema: RandomParamsSchema,
  surrogates: baselines.surrogates,
  needsRuns: false,
  validate: () => [],
  suggest: suggestRandom,
  pick: pickBestMeasured,
  recommend: (input) => recommendBestRun(random, input),
}

/** Uniform over the space or the candidates, at the target or the fidelity closest to it: what is measured there is what counts. */
function suggestRandom(input: SuggestInput<SurrogateParams>): Suggestion[] {
  const fidelity = closestFidelity(input)
  if (input.candidates) return drawCandidates({ ...input, fidelities: [fidelity] })
  const samplers = [uniform(input.compiled.space)]
  return suggestDrawn(input, { fidelity, purpose: 'random', samplers })
}

function closestFidelity({ compiled, fidelities, target }: SuggestInput<SurrogateParams>): string {
  if (target !== undefined && fidelities.includes(target)) return target
  const offered = compiled.problem.fidelities.filter(({ name }) => fidelities.includes(name))
  return offered.reduce((a, b) => (b.order > a.order ? b : a)).name
}
