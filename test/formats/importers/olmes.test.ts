import { expect, test } from 'vitest'
import { codes, details, MIXTURES, problemWith, read } from './files.js'

const problem = problemWith({
  'arc_easy/primary_score': 'maximize',
  'arc_easy/bits_per_byte': 'minimize',
})

const task = (name: string, primary: number, change: object = {}) => ({
  task_name: name,
  task_hash: 'aa11',
  model_hash: 'bb22',
  model_config: { model: 'run-2', dtype: 'bfloat16' },
  task_config: {
    task_name: name,
    primary_metric: 'acc_raw',
    num_shots: 5,
    split: 'test',
    limit: null,
  },
  num_instances: 2376,
  metrics: { primary_score: primary, acc_raw: primary, bits_per_byte: 0.9, extra: { nested: 1 } },
  task_idx: 0,
  ...change,
})

const EVALUATION = {
  nShot: 5,
  hash: 'aa11',
  primaryMetric: 'acc_raw',
  split: 'test',
  dtype: 'bfloat16',
}

test.each<[string, Record<string, unknown>]>([
  [
    'one task a file',
    {
      'run-1/task-000-arc_easy-metrics.json': task('arc_easy', 0.5),
      'run-1/task-001-boolq-metrics.json': task('boolq', 0.6),
    },
  ],
  [
    'one task a line',
    {
      'run-1/metrics-all.jsonl': [task('arc_easy', 0.5), task('boolq', 0.6)]
        .map((one) => JSON.stringify(one))
        .join('\n'),
    },
  ],
  [
    'a list of tasks',
    {
      'run-1/metrics.json': {
        all_primary_scores: ['arc_easy: 0.5'],
        tasks: [task('arc_easy', 0.5), task('boolq', 0.6)],
      },
    },
  ],
])('%s of OLMES is read as the golden file says', async (_name, files) => {
  const { table, rows } = await read('olmes', { problem, files, mixtures: MIXTURES })
  expect(table.problems).toEqual([])
  expect(rows).toEqual([
    {
      runId: 'run-1',
      weights: [0.7, 0.3],
      values: { 'arc_easy/primary_score': 0.5, 'arc_easy/bits_per_byte': 0.9 },
    },
  ])
  expect(table.evaluations).toEqual({ arc_easy: EVALUATION })
  expect(codes(table)).toEqual(['metrics-ignored', 'mixtures-unused'])
})

test('the model may name the run', async () => {
  const files = { 'metrics-all.jsonl': JSON.stringify(task('arc_easy', 0.5)) }
  const reading = { runIdFrom: 'model_name' }
  const { rows } = await read('olmes', { problem, files, mixtures: MIXTURES, reading })
  expect(rows[0].runId).toBe('run-2')
  const nameless = { a: JSON.stringify(task('arc_easy', 0.5, { model_config: {} })) }
  const { table } = await read('olmes', { problem, files: nameless, mixtures: MIXTURES, reading })
  expect(details(table)[0]).toContain('"a" names no model')
})

test('different shots of a task are incompatible', async () => {
  const other = task('arc_easy', 0.4, { task_config: { num_shots: 0, primary_metric: 'acc_raw' } })
  const { table, rows } = await read('olmes', {
    problem,
    files: { 'run-1/m.json': task('arc_easy', 0.5), 'run-2/m.json': other },
    mixtures: MIXTURES,
  })
  expect(table.conflicts).toEqual([
    {
      pointer: '/evaluations/arc_easy/nShot',
      detail:
        'the task "arc_easy" was evaluated with nShot 5 in "run-1/m.json" and with nShot 0 in "run-2/m.json"',
    },
  ])
  expect(rows).toEqual([])
})
