import { Type } from 'typebox'
import { type SurrogateParams, surrogateParamsProperties } from '../surrogate-params.js'

const choice = <T extends string>(values: readonly T[], standard: T, description: string) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { default: standard, description },
  )

const Count = (standard: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ default: standard, minimum, maximum, description })

export const AdmireParamsSchema = Type.Object(
  {
    form: choice(
      ['auto', 'bo', 'mfbo'],
      'auto',
      '`bo`: one fidelity. `mfbo`: several, of which the model learns how far they agree. `auto`: `mfbo` where there are several.',
    ),
    acquisition: choice(
      ['auto', 'log-ei', 'log-noisy-ei', 'max-value-entropy', 'knowledge-gradient'],
      'auto',
      'What a run is chosen by; of several fidelities, per cost. `auto`: `log-ei` for one fidelity, `max-value-entropy` for several.',
    ),
    kernel: choice(
      ['matern-5/2', 'rbf'],
      'matern-5/2',
      'Kernel over mixtures, with a length-scale a domain.',
    ),
    inputs: choice(
      ['sqrt', 'raw', 'ilr', 'min-max'],
      'sqrt',
      'The coordinates of a mixture: √w (Hellinger), w, isometric log-ratios, or w within its bounds.',
    ),
    fidelityKernel: choice(
      ['icm', 'ar1'],
      'icm',
      '`icm`: a free correlation for each two fidelities. `ar1`: each fidelity is a multiple of the one below and a difference.',
    ),
    initialRuns: Type.Union([Type.Integer({ minimum: 1, maximum: 10_000 }), Type.Null()], {
      default: null,
      description:
        'Runs at the cheapest fidelity before the model decides. Default null: as many as half the cost of a target run pays for, at ' +
        'most 3 for each domain but always at least 5; 5 with one fidelity. Fidelities between it and the target begin with no more, of the same mixtures.',
    }),
    sharedRuns: Count(
      3,
      0,
      100,
      'The first so many runs at the target are of mixtures that were run below it, so that the scales can be compared.',
    ),
    leastCorrelation: Type.Number({
      default: 0.3,
      minimum: -1,
      maximum: 1,
      description:
        'The guard: a fidelity is dropped once its rank correlation with the others is more likely below this than above. −1: never.',
    }),
    costs: choice(
      ['configured', 'measured'],
      'configured',
      "`measured`: a fidelity's cost is the mean training time of its runs, where every fidelity has some; else as configured.",
    ),
    overhead: Type.Number({
      default: 0.1,
      minimum: 0,
      maximum: 1,
      description:
        'What a run takes besides its cost, in costs of a target run: without it, information per cost would buy the cheapest runs by the hundred. ' +
        'Only for choosing.',
    }),
    pending: choice(
      ['fantasies', 'constant-liar'],
      'fantasies',
      'How trials under way count: averaged over outcomes that the model imagines, or as if they had scored the worst so far.',
    ),
    fantasies: Count(16, 1, 256, 'Imagined outcomes of the trials under way.'),
    maxima: Count(10, 1, 1000, 'Samples of the best score that there is (max-value entropy).'),
    starts: Count(4, 1, 32, 'Starts of the fit of the hyper-parameters.'),
    candidates: Count(2000, 100, 20_000, 'Mixtures that are rated for each suggestion.'),
    refinements: Count(2, 0, 100, 'The best candidates that are improved by gradient ascent.'),
    stop: Type.Boolean({
      default: true,
      description:
        'Stop when, for three runs, no run at the target has promised an improvement of 1 % of the standard deviation of its noise.',
    }),
    leastInformation: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()], {
      default: null,
      description:
        'Stop as well when no run promises so much information about the best score at the target, in nats for the cost of a target run, with ' +
        '`overhead`. Of several fidelities, or where `acquisition` is `max-value-entropy`. Default null: never.',
    }),
    replicate: Type.Boolean({
      default: false,
      description:
        'The published form (ADMIRE, arXiv 2508.11551): raw weights, scores as they are, linear truncated kernel, one random run to begin ' +
        'with, one sample of the best score, cost at least 0.01 when choosing. The parameters above do not apply, but `form`.',
    }),
    previous: Type.Array(
      Type.Object(
        {
          study: Type.String({ format: 'uuid' }),
          use: Type.Union([Type.Literal('warm-start'), Type.Literal('fidelity')]),
        },
        { additionalProperties: false },
      ),
      {
        default: [],
        maxItems: 20,
        description:
          'Earlier studies over the same domains. `warm-start`: their runs count as runs of the fidelities of the same names. `fidelity`: they ' +
          'are fidelities of their own, whose agreement the model learns and the guard watches.',
      },
    ),
    ...surrogateParamsProperties,
  },
  { additionalProperties: false },
)

export interface AdmireParams extends SurrogateParams {
  form: 'auto' | 'bo' | 'mfbo'
  acquisition: 'auto' | 'log-ei' | 'log-noisy-ei' | 'max-value-entropy' | 'knowledge-gradient'
  kernel: 'matern-5/2' | 'rbf'
  inputs: 'sqrt' | 'raw' | 'ilr' | 'min-max'
  fidelityKernel: 'icm' | 'ar1'
  initialRuns: number | null
  sharedRuns: number
  leastCorrelation: number
  costs: 'configured' | 'measured'
  overhead: number
  pending: 'fantasies' | 'constant-liar'
  fantasies: number
  maxima: number
  starts: number
  candidates: number
  refinements: number
  stop: boolean
  leastInformation: number | null
  replicate: boolean
  previous: { study: string; use: 'warm-start' | 'fidelity' }[]
}
