import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { METRICS, type MetricDefinition } from './catalogue.js'

type Catalogue = typeof METRICS

/** What prom-client has for a definition. */
type Instrument<D extends MetricDefinition> = D['kind'] extends 'counter'
  ? Counter<D['labels'][number]>
  : D['kind'] extends 'histogram'
    ? Histogram<D['labels'][number]>
    : Gauge<D['labels'][number]>

/** One for every metric of the catalogue. */
export type Instruments = { readonly [K in keyof Catalogue]: Instrument<Catalogue[K]> }

/**
 * Registers every metric of the catalogue.
 *
 * @see https://github.com/siimon/prom-client
 */
export function createInstruments(registry: Registry): Instruments {
  const instruments = Object.entries(METRICS).map(([key, definition]) => [
    key,
    createInstrument(definition, registry),
  ])
  return Object.fromEntries(instruments) as Instruments
}

function createInstrument(definition: MetricDefinition, registry: Registry) {
  const { kind, name, help, labels, buckets = [] } = definition
  const common = { name, help, labelNames: labels, registers: [registry] }
  if (kind === 'counter') return new Counter(common)
  if (kind === 'gauge') return new Gauge(common)
  return new Histogram({ ...common, buckets: [...buckets] })
}
