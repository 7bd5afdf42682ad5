import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Rng } from '../random.js'
import type { RowMatrix } from '../row-matrix.js'
import { drawsOfReplicates, ReplicatesSchema, spreadOverReplicates } from './bootstrap.js'
import { requireVersion } from './linear-model.js'
import type { LogLinearLaw } from './log-linear/coordinates.js'
import { bootstrapLaws, fitLogLinearLaw } from './log-linear/fit-law.js'
import { boundedExp } from './log-linear/objective.js'
import { packDoubles, unpackDoubles } from './packing.js'
import { residualDeviation, rootMeanSquare } from './statistics.js'
import type { Fitted, FittedJson, Observations, Prediction, Surrogate } from './types.js'

export const LogLinearParamsSchema = Type.Object(
  {
    starts: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 30,
      description: 'Random starts of the fit; the best is kept.',
    }),
    huberDelta: Type.Number({
      exclusiveMinimum: 0,
      default: 0.02,
      description: 'Where the loss turns from squared to absolute, in the unit of the metric.',
    }),
    maxIterations: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 1000,
      description: 'Most L-BFGS iterations of one start.',
    }),
    replicates: ReplicatesSchema,
  },
  { additionalProperties: false },
)
export type LogLinearParams = Static<typeof LogLinearParamsSchema>

/**
 * The log-linear mixing law f(p) = e^c + e^{t·p} on normalised weights (Olmix, arXiv 2602.12237).
 */
export const logLinear: Surrogate<LogLinearParams> = {
  name: 'log-linear',
  title: 'Log-linear law',
  rows: 'normalised',
  defaults: Value.Create(LogLinearParamsSchema),
  minimumRuns: (domains) => domains + 1,
  fit: (observations, params, rng) => fitLaw(observations, params, rng),
  fitWithIntervals: (observations, params, rng, outOfFoldResiduals) =>
    fitLaw(observations, params, rng, outOfFoldResiduals),
  restore: (json) => restoreLogLinear(json),
}

const VERSION = 1

interface LogLinearParts {
  /** [logC, t_1 … t_m]. */
  readonly parameters: Float64Array
  /** Parameters of the replicates, one after the other. */
  readonly replicates: Float64Array
  readonly residualSd: number
  readonly details: Record<string, unknown>
}

/** A fitted law. Points are normalised weights, (n × m). */
class LogLinearFitted implements Fitted {
  readonly surrogate = 'log-linear' as const
  readonly rows = 'normalised' as const
  readonly residualSd: number
  readonly details: Record<string, unknown>
  readonly draws?: (points: RowMatrix) => Float64Array[]
  readonly #parts: LogLinearParts
  readonly #replicateCount: number

  constructor(parts: LogLinearParts) {
    this.#parts = parts
    this.residualSd = parts.residualSd
    this.details = parts.details
    this.#replicateCount = parts.replicates.length / parts.parameters.length
    if (this.#replicateCount > 0) {
      this.draws = (points) =>
        drawsOfReplicates(points.rows, this.#replicateCount, (b, out) =>
          evaluateLaw(points, this.#replicate(b), out),
        )
    }
  }

  get law(): LogLinearLaw {
    const { parameters } = this.#parts
    return { logC: parameters[0], t: parameters.slice(1) }
  }

  predictMean(points: RowMatrix): Float64Array {
    const out = new Float64Array(points.rows)
    evaluateLaw(points, this.#parts.parameters, out)
    return out
  }

  predict(points: RowMatrix): Prediction {
    const sd = spreadOverReplicates(points.rows, this.#replicateCount, this.residualSd, (b, out) =>
      evaluateLaw(points, this.#replicate(b), out),
    )
    return { mean: this.predictMean(points), sd }
  }

  toJSON(): FittedJson {
    const { parameters, replicates } = this.#parts
    return {
      surrogate: this.surrogate,
      version: VERSION,
      domains: parameters.length - 1,
      replicateCount: this.#replicateCount,
      parameters: packDoubles(parameters),
      replicates: packDoubles(replicates),
      residualSd: this.residualSd,
      details: this.details,
    }
  }

  #replicate(b: number): Float64Array {
    const width = this.#parts.parameters.length
    return this.#parts.replicates.subarray(b * width, (b + 1) * width)
  }
}

/**
 * The parameters of a fitted law, in oriented units (with the shift still in).
 * @returns logC, and t with m entries
 * @throws TypeError when the surrogate is another one
 */
export function logLinearParameters(fitted: Fitted): LogLinearLaw {
  if (fitted instanceof LogLinearFitted) return fitted.law
  throw new TypeError(`expected a fitted log-linear law, got ${fitted.surrogate}`)
}

/**
 * A fitted surrogate from a law that is known, for instance a published one; without replicates.
 */
export function fittedFromLaw(law: LogLinearLaw, residualSd = 0): Fitted {
  return new LogLinearFitted({
    parameters: packLaw(law),
    replicates: new Float64Array(0),
    residualSd,
    details: { logC: law.logC, t: [...law.t] },
  })
}

function fitLaw(
  { normalised, values }: Observations,
  params: LogLinearParams,
  rng: Rng,
  outOfFoldResiduals?: Float64Array,
): LogLinearFitted {
  const fit = fitLogLinearLaw(normalised, values, params, rng.fork('starts'))
  const parameters = packLaw(fit.law)
  const predicted = new Float64Array(values.length)
  evaluateLaw(normalised, parameters, predicted)
  const laws = outOfFoldResiduals
    ? bootstrapLaws(fit, values.length, params.replicates, rng.fork('bootstrap'))
    : []
  const replicates = new Float64Array(laws.length * parameters.length)
  laws.forEach((law, b) => {
    replicates.set(packLaw(law), b * parameters.length)
  })
  return new LogLinearFitted({
    parameters,
    replicates,
    residualSd: outOfFoldResiduals?.length
      ? rootMeanSquare(outOfFoldResiduals)
      : residualDeviation(predicted, values, parameters.length),
    details: {
      logC: fit.law.logC,
      t: [...fit.law.t],
      huberDelta: params.huberDelta,
      loss: fit.loss,
      starts: fit.spread,
    },
  })
}

function packLaw({ logC, t }: LogLinearLaw): Float64Array {
  return Float64Array.of(logC, ...t)
}

function evaluateLaw(points: RowMatrix, parameters: Float64Array, out: Float64Array): void {
  const m = parameters.length - 1
  if (points.columns !== m) {
    throw new RangeError(`points have ${points.columns} weights, the surrogate was fitted to ${m}`)
  }
  const { data } = points
  const floor = boundedExp(parameters[0])
  for (let i = 0; i < points.rows; i++) {
    let z = 0
    for (let j = 0; j < m; j++) z += parameters[j + 1] * data[i * m + j]
    out[i] = floor + boundedExp(z)
  }
}

function restoreLogLinear(json: FittedJson): LogLinearFitted {
  requireVersion(json, VERSION)
  const width = Number(json.domains) + 1
  return new LogLinearFitted({
    parameters: unpackDoubles(json.parameters, width),
    replicates: unpackDoubles(json.replicates, Number(json.replicateCount) * width),
    residualSd: Number(json.residualSd),
    details: json.details as Record<string, unknown>,
  })
}
