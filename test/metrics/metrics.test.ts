import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  createMetrics,
  METRICS,
  type MetricDefinition,
  monitorWork,
} from '../../src/metrics/index.js'
import { parseExposition, samplesOf } from '../support/prometheus.js'

const read = async (metrics: { text(): Promise<string> }) => parseExposition(await metrics.text())
const definitions = Object.values(METRICS) as MetricDefinition[]

describe('the catalogue', () => {
  test('names metrics as Prometheus wants them: the unit last, and `_total` where they only grow', () => {
    for (const { name, kind, unit } of definitions) {
      expect(name).toMatch(/^mixwright_[a-z_]+$/)
      expect(name.endsWith('_total')).toBe(kind === 'counter')
      const bare = name.replace(/_total$/, '')
      if (unit === 'seconds') expect(bare).toMatch(/_seconds$/)
      if (unit === 'tokens') expect(bare).toMatch(/_tokens$/)
      if (unit === 'tokens/s') expect(bare).toMatch(/_tokens_per_second$/)
    }
    expect(new Set(definitions.map(({ name }) => name)).size).toBe(definitions.length)
  })

  test('has no label whose values nobody can list', () => {
    const labels = new Set(definitions.flatMap((definition) => definition.labels))
    const bounded = ['version', 'method', 'route', 'status', 'job', 'state', 'kind', 'evaluator']
    expect([...labels].sort()).toEqual([...bounded, 'outcome', 'source'].sort())
  })

  test('is what docs/metrics.md lists, with unit and labels', () => {
    const text = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
    const rows = text.matchAll(/^\| `(mixwright_\w+)` +\| (\w+) +\| ([^|]+) \| ([^|]*) \|/gm)
    const listed = [...rows].map(([, name, kind, unit, labels]) => ({
      name,
      kind,
      unit: unit.trim(),
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    }))
    const declared = definitions.map(({ name, kind, unit, labels }) => ({
      name,
      kind,
      unit,
      labels: [...labels],
    }))
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
    expect(listed.sort(byName)).toEqual(declared.sort(byName))
  })
})

describe('the text', () => {
  test('has every metric with its type and help, and those of the process when asked for', async () => {
    const bare = await read(createMetrics({ version: '1.2.3' }))
    for (const { name, kind, help } of definitions) {
      expect(bare.types.get(name)).toBe(kind)
      expect(bare.help.get(name)).toBe(help)
    }
    expect(samplesOf(bare, 'mixwright_build_info')).toEqual([
      { name: 'mixwright_build_info', labels: { version: '1.2.3' }, value: 1 },
    ])
    expect(bare.types.has('process_resident_memory_bytes')).toBe(false)
    const full = await read(createMetrics({ version: '1.2.3', process: true }))
    for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']) {
      expect(samplesOf(full, name)).toHaveLength(1)
    }
  })

  test('shares one reading among all who ask within its age', async () => {
    let reads = 0
    const metrics = createMetrics({ version: '1', readingMs: 60_000 })
    metrics.addSource('store', async () => {
      reads += 1
      return { trials: [{ labels: { evaluator: 'proxy', state: 'running' }, value: reads }] }
    })
    const all = await Promise.all(Array.from({ length: 5 }, () => read(metrics)))
    for (const exposition of all) {
      expect(samplesOf(exposition, 'mixwright_trials')).toMatchObject([{ value: 1 }])
    }
    expect(reads).toBe(1)
  })

  test('drops what a new reading does not have any more', async () => {
    const states = [['waiting', 'running'], ['running']]
    const metrics = createMetrics({ version: '1', readingMs: 0 })
    metrics.addSource('store', async () => ({
      trials: states.shift()!.map((state) => ({ labels: { evaluator: 'proxy', state }, value: 3 })),
    }))
    expect(samplesOf(await read(metrics), 'mixwright_trials')).toHaveLength(2)
    expect(samplesOf(await read(metrics), 'mixwright_trials')).toMatchObject([
      { labels: { state: 'running' } },
    ])
  })

  test('leaves the gauges of a source out that fails or does not answer, and counts it', async () => {
    const answers = [
      async () => ({ jobs: [{ labels: { kind: 'fit', state: 'queued' }, value: 2 }] }),
      async () => {
        throw new Error('the server is away')
      },
      () => new Promise<never>(() => {}),
    ]
    const metrics = createMetrics({ version: '1', readingMs: 0, limitMs: 20 })
    metrics.addSource('store', () => answers.shift()!())
    const failures = 'mixwright_metric_read_failures_total'
    const first = await read(metrics)
    expect(samplesOf(first, 'mixwright_jobs')).toHaveLength(1)
    expect(samplesOf(first, failures)).toMatchObject([{ labels: { source: 'store' }, value: 0 }])
    for (const count of [1, 2]) {
      const exposition = await read(metrics)
      expect(samplesOf(exposition, 'mixwright_jobs')).toEqual([])
      expect(samplesOf(exposition, failures)).toMatchObject([{ value: count }])
    }
  })
})

describe('work on jobs', () => {
  test('is timed by kind and outcome', async () => {
    const metrics = createMetrics({ version: '1' })
    const monitor = monitorWork(metrics)
    monitor.began('fit')('finished')
    monitor.began('fit')('finished')
    monitor.began('trial')('stopped')
    const exposition = await read(metrics)
    const count = (labels: Record<string, string>) =>
      samplesOf(exposition, 'mixwright_job_duration_seconds_count', labels)
    expect(count({ kind: 'fit' })).toMatchObject([{ labels: { outcome: 'finished' }, value: 2 }])
    expect(count({ kind: 'trial' })).toMatchObject([{ labels: { outcome: 'stopped' }, value: 1 }])
  })

  test('of trainings: tokens add up, and speeds do as long as they last', async () => {
    const metrics = createMetrics({ version: '1' })
    const monitor = monitorWork(metrics)
    const [first, second] = [monitor.training(), monitor.training()]
    first.progress(1000, 500)
    second.progress(4000, 300)
    first.progress(200, 100)
    const value = async (name: string) => samplesOf(await read(metrics), name)[0].value
    expect(await value('mixwright_trainings')).toBe(2)
    expect(await value('mixwright_training_tokens_total')).toBe(5200)
    expect(await value('mixwright_training_tokens_per_second')).toBe(400)
    second.ended()
    expect(await value('mixwright_trainings')).toBe(1)
    expect(await value('mixwright_training_tokens_per_second')).toBe(100)
    first.ended()
    expect(await value('mixwright_training_tokens_per_second')).toBe(0)
    expect(await value('mixwright_training_tokens_total')).toBe(5200)
  })
})
