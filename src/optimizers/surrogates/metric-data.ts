import { type RowMatrix, selectRows } from '../row-matrix.js'
import type { RunTable } from '../types.js'
import { type Direction, needsPositive, type Orientation, orient } from './orientation.js'
import type { Observations, SurrogateName } from './types.js'

/** The runs that have one metric: rows i of all members belong together. */
export interface MetricData {
  readonly metric: string
  readonly direction: Direction
  /** (n × m) weights as they were given. */
  readonly raw: RowMatrix
  /** (n × m) the same, each row divided by its sum. */
  readonly normalised: RowMatrix
  /** n finite values in the metric's own unit and direction. */
  readonly values: Float64Array
}

/** The rows of a table that have a metric; none when the table does not know it. */
export function metricData(
  table: RunTable,
  metric: { readonly name: string; readonly direction: Direction },
): MetricData {
  const column = table.values.get(metric.name) ?? new Float64Array(0)
  const present: number[] = []
  column.forEach((value, i) => {
    if (Number.isFinite(value)) present.push(i)
  })
  return {
    metric: metric.name,
    direction: metric.direction,
    raw: selectRows(table.raw, present),
    normalised: selectRows(table.normalised, present),
    values: Float64Array.from(present, (i) => column[i]),
  }
}

/**
 * The observations a surrogate is fitted to, with the orientation that leads back to the metric's
 * unit.
 */
export function orientedObservations(
  data: MetricData,
  surrogate: SurrogateName,
): { observations: Observations; orientation: Orientation } {
  const { sign, shift, values } = orient(data.direction, data.values, {
    positive: needsPositive(surrogate),
  })
  return {
    observations: { raw: data.raw, normalised: data.normalised, values },
    orientation: { sign, shift },
  }
}
