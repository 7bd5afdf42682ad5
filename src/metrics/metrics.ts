import { collectDefaultMetrics, type Gauge, Registry } from 'prom-client'
import type { METRICS } from './catalogue.js'
import { createInstruments, type Instruments } from './instruments.js'
import { shared } from './shared-reading.js'

/** One value of a gauge that is read when somebody asks. */
export interface Reading {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

type Catalogue = typeof METRICS
type GaugeKey = {
  [K in keyof Catalogue]: Catalogue[K]['kind'] extends 'gauge' ? K : never
}[keyof Catalogue]

/** Gauges that come from one place: all values of each, every time. */
export type Readings = Partial<Record<GaugeKey, readonly Reading[]>>

/** The metrics of this process. */
export interface Metrics {
  readonly instruments: Instruments
  /** Media type of `text()`. */
  readonly contentType: string
  /** Adds a place that gauges are read from, when somebody asks. A reading is good for some seconds. */
  addSource(name: string, read: () => Promise<Readings>): void
  /** All metrics in the text form of Prometheus. A source that fails, or takes too long, leaves its gauges out. */
  text(): Promise<string>
}

export interface MetricsOptions {
  /** Of Mixwright. */
  version: string
  /** Whether to have those of the process, too: memory, processor, event loop, garbage collection. Default: no. */
  process?: boolean
  /** How long a reading is good for, in milliseconds: many who ask cost the store no more than one. Default 5,000. */
  readingMs?: number
  /** How long a source may take, in milliseconds. Default 3,000. */
  limitMs?: number
}

export function createMetrics(options: MetricsOptions): Metrics {
  const { version, readingMs = 5_000, limitMs = 3_000 } = options
  const registry = new Registry()
  const instruments = createInstruments(registry)
  instruments.build.set({ version }, 1)
  if (options.process) collectDefaultMetrics({ register: registry })
  const sources: (() => Promise<void>)[] = []
  return {
    instruments,
    contentType: registry.contentType,
    addSource(name, read) {
      instruments.readFailures.inc({ source: name }, 0)
      const reading = shared(read, { maxAgeMs: readingMs, limitMs })
      const known = new Set<GaugeKey>()
      sources.push(async () => {
        try {
          const readings = await reading()
          for (const key of Object.keys(readings) as GaugeKey[]) known.add(key)
          for (const key of known) setGauge(instruments[key], readings[key] ?? [])
        } catch {
          for (const key of known) instruments[key].reset()
          instruments.readFailures.inc({ source: name })
        }
      })
    },
    async text() {
      await Promise.all(sources.map((refresh) => refresh()))
      return registry.metrics()
    },
  }
}

function setGauge(gauge: Gauge<string>, readings: readonly Reading[]): void {
  gauge.reset()
  for (const { labels, value } of readings) gauge.set(labels, value)
}
