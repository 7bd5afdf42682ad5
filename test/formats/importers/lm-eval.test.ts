import { describe, expect, test } from 'vitest'
import { codes, details, MIXTURES, problemWith, read } from './files.js'

const problem = problemWith({
  'arc_easy/acc': 'maximize',
  'gsm8k/exact_match,strict-match': 'maximize',
  'mmlu/acc': 'maximize',
  'wikitext/bits_per_byte': 'minimize',
})

/** As results_<time>.json has it: two filters, a group, "N/A" and what is no metric. */
const RESULTS = {
  results: {
    arc_easy: {
      alias: 'arc_easy',
      sample_len: 2376,
      'acc,none': 0.5,
      'acc_stderr,none': 0.0103,
      'acc_norm,none': 0.47,
      'acc_norm_stderr,none': 0.0102,
    },
    gsm8k: {
      alias: 'gsm8k',
      'exact_match,strict-match': 0.0625,
      'exact_match_stderr,strict-match': 0.006,
      'exact_match,flexible-extract': 0.07,
      'exact_match_stderr,flexible-extract': 0.007,
    },
    mmlu_anatomy: { alias: '  - anatomy', 'acc,none': 0.3, 'acc_stderr,none': 0.04 },
    wikitext: { alias: 'wikitext', 'bits_per_byte,none': 0.75, 'bits_per_byte_stderr,none': 'N/A' },
  },
  groups: { mmlu: { alias: 'mmlu', 'acc,none': 0.28, 'acc_stderr,none': 0.004 } },
  group_subtasks: { mmlu: ['mmlu_anatomy'], arc_easy: [] },
  configs: { arc_easy: { task: 'arc_easy' } },
  versions: { arc_easy: 1, gsm8k: 3, mmlu: 2, mmlu_anatomy: 1, wikitext: 2 },
  'n-shot': { arc_easy: 0, gsm8k: 5, mmlu_anatomy: 0, wikitext: 0 },
  higher_is_better: {
    arc_easy: { acc: true, acc_norm: true },
    gsm8k: { exact_match: true },
    mmlu: { acc: true },
    mmlu_anatomy: { acc: true },
    wikitext: { bits_per_byte: false },
  },
  'n-samples': { arc_easy: { original: 2376, effective: 2376 } },
  config: { model: 'hf', model_dtype: 'torch.bfloat16', limit: null, batch_size: '8' },
  task_hashes: { arc_easy: 'a1b2', mmlu_anatomy: 'c3d4' },
  model_name: '/scratch/run-1',
  model_name_sanitized: '__scratch__run-1',
  chat_template_sha: null,
  git_hash: 'deadbee',
}

type Results = typeof RESULTS
const changed = (change: (results: Results) => void): Results => {
  const copy = structuredClone(RESULTS)
  change(copy)
  return copy
}

describe('results of lm-evaluation-harness', () => {
  test('are read as the golden file says', async () => {
    const { table, rows } = await read('lm-eval', {
      problem,
      files: { 'out/run-1/results_2026-11-02T09-15-20.440.json': RESULTS },
      mixtures: MIXTURES,
    })
    expect(table.problems).toEqual([])
    expect(rows).toEqual([
      {
        runId: 'run-1',
        weights: [0.7, 0.3],
        values: {
          'arc_easy/acc': 0.5,
          'gsm8k/exact_match,strict-match': 0.0625,
          'mmlu/acc': 0.28,
          'wikitext/bits_per_byte': 0.75,
        },
        standardErrors: {
          'arc_easy/acc': 0.0103,
          'gsm8k/exact_match,strict-match': 0.006,
          'mmlu/acc': 0.004,
        },
      },
    ])
    const dtype = 'torch.bfloat16'
    expect(table.evaluations).toEqual({
      arc_easy: { version: 1, nShot: 0, hash: 'a1b2', samples: 2376, dtype },
      gsm8k: { version: 3, nShot: 5, dtype },
      mmlu: { version: 2, dtype },
      mmlu_anatomy: { version: 1, nShot: 0, hash: 'c3d4', dtype },
      wikitext: { version: 2, nShot: 0, dtype },
    })
    expect(codes(table)).toEqual(['metrics-ignored', 'mixtures-unused'])
    expect(table.warnings[0].message).toContain(
      '"arc_easy/acc_norm", "gsm8k/exact_match,flexible-extract", "mmlu_anatomy/acc"',
    )
  })

  test('of one run may be in several files, and of several runs in several folders', async () => {
    const one = changed(({ results }) => {
      Object.assign(results, { gsm8k: undefined, wikitext: undefined })
    })
    const other = {
      ...RESULTS,
      groups: {},
      results: { gsm8k: RESULTS.results.gsm8k, wikitext: RESULTS.results.wikitext },
    }
    const { table, rows } = await read('lm-eval', {
      problem,
      files: { 'run-2/b.json': RESULTS, 'run-1/a.json': one, 'run-1/b.json': other },
      mixtures: MIXTURES,
    })
    expect(table.problems).toEqual([])
    expect(rows.map(({ runId, values }) => [runId, Object.keys(values).length])).toEqual([
      ['run-2', 4],
      ['run-1', 4],
    ])
    const again = changed(({ results }) => {
      results.arc_easy['acc,none'] = 0.6
    })
    const contradicted = await read('lm-eval', {
      problem,
      files: { 'run-1/a.json': RESULTS, 'run-1/b.json': again },
      mixtures: MIXTURES,
    })
    expect(details(contradicted.table)).toEqual([
      'the run "run-1" has two values of the metric "arc_easy/acc": 0.5 in "run-1/a.json" and 0.6 in "run-1/b.json"',
    ])
  })

  test.each([
    ['folder', 'x/run-1/results.json'],
    [undefined, 'run-1/results.json'],
    [undefined, 'run-1.json'],
    ['file', 'somewhere/run-1.json'],
    [undefined, '../../run-1/./results.json'],
    [undefined, 'C:\\out\\run-1\\results.json'],
    ['model_name', 'any.json'],
  ])('take the id of the run from the %s of %s', async (runIdFrom, name) => {
    const mixtures = MIXTURES.replace(
      'run-1',
      runIdFrom === 'model_name' ? '/scratch/run-1' : 'run-1',
    )
    const files = { [name]: RESULTS }
    const reading = runIdFrom === undefined ? {} : { runIdFrom }
    const { table, rows } = await read('lm-eval', { problem, files, mixtures, reading })
    expect(table.problems).toEqual([])
    expect(rows[0].weights).toEqual([0.7, 0.3])
  })

  test('without a mixture are told the id that was looked for, and where it came from', async () => {
    const files = { 'run-9/results.json': RESULTS }
    const joined = await read('lm-eval', { problem, files, mixtures: MIXTURES })
    expect(details(joined.table)).toEqual([
      'the run "run-9" ("run-9/results.json") has no mixture: the mixtures file has "run-1", "run-2"; ' +
        '`runIdFrom` may be folder, file, model_name',
    ])
    const alone = await read('lm-eval', { problem, files })
    expect(details(alone.table)[0]).toContain(
      'files of the format lm-eval hold none; send a file `mixtures`',
    )
    const flat = await read('lm-eval', {
      problem,
      files: { 'a.json': RESULTS },
      mixtures: MIXTURES,
      reading: { runIdFrom: 'folder' },
    })
    expect(details(flat.table)[0]).toContain('is in no folder')
  })

  test('that contradict a direction of the study are refused with the reason', async () => {
    const { table, rows } = await read('lm-eval', {
      problem: problemWith({ 'arc_easy/acc': 'minimize', 'wikitext/bits_per_byte': 'maximize' }),
      files: { 'run-1/r.json': RESULTS, 'run-2/r.json': RESULTS },
      mixtures: MIXTURES,
    })
    expect(table.problems).toEqual([
      {
        pointer: '/files/0/higher_is_better/arc_easy/acc',
        detail:
          '"run-1/r.json" says that higher is better for "arc_easy/acc", but the direction of the metric "arc_easy/acc" in the ' +
          'study is minimize; it should be maximize',
      },
      expect.objectContaining({ detail: expect.stringContaining('should be minimize') }),
    ])
    expect(rows).toEqual([])
  })

  test.each<[string, (results: Results) => void, string]>([
    [
      'version',
      (r) => Object.assign(r.versions, { arc_easy: 2 }),
      'version 1 in "run-1/r.json" and with version 2 in "run-2/r.json"',
    ],
    [
      'nShot',
      (r) => Object.assign(r['n-shot'], { arc_easy: 25 }),
      'nShot 0 in "run-1/r.json" and with nShot 25',
    ],
    [
      'hash',
      (r) => Object.assign(r.task_hashes, { arc_easy: 'zz' }),
      'hash "a1b2" in "run-1/r.json" and with hash "zz"',
    ],
    [
      'samples',
      (r) => Object.assign(r['n-samples'].arc_easy, { effective: 100 }),
      'samples 2376 in',
    ],
  ])(
    'of which two disagree in the %s of a task are incompatible',
    async (property, change, says) => {
      const { table, rows } = await read('lm-eval', {
        problem,
        files: { 'run-1/r.json': RESULTS, 'run-2/r.json': changed(change) },
        mixtures: MIXTURES,
      })
      expect(table.problemCount).toBe(0)
      expect(table.conflicts).toEqual([
        { pointer: `/evaluations/arc_easy/${property}`, detail: expect.stringContaining(says) },
      ])
      expect(rows).toEqual([])
    },
  )

  test('may disagree about tasks that the study does not ask for, and say nothing about others', async () => {
    const other = changed((r) => {
      r.versions.gsm8k = 99
      Object.assign(r, { task_hashes: {} })
    })
    const { table, rows } = await read('lm-eval', {
      problem: problemWith({ 'arc_easy/acc': 'maximize' }),
      files: { 'run-1/r.json': RESULTS, 'run-2/r.json': other },
      mixtures: MIXTURES,
    })
    expect(table.conflicts).toEqual([])
    expect(Object.keys(table.evaluations ?? {})).toEqual(['arc_easy'])
    expect(rows).toHaveLength(2)
  })

  test('of a group depend on its subtasks', async () => {
    const { table } = await read('lm-eval', {
      problem: problemWith({ 'mmlu/acc': 'maximize' }),
      files: {
        'run-1/r.json': RESULTS,
        'run-2/r.json': changed((r) => Object.assign(r.task_hashes, { mmlu_anatomy: 'other' })),
      },
      mixtures: MIXTURES,
    })
    expect(table.conflicts?.[0].detail).toContain('the task "mmlu_anatomy" was evaluated with hash')
  })

  test('may hold NaN, as Python writes it', async () => {
    const text = JSON.stringify({
      ...RESULTS,
      results: {
        ...RESULTS.results,
        arc_easy: { 'acc,none': 'HERE', alias: 'NaN, "Infinity" \\' },
      },
    }).replace('"HERE"', 'NaN')
    expect(() => JSON.parse(text)).toThrow()
    const { table, rows } = await read('lm-eval', {
      problem,
      files: { 'run-1/r.json': text, 'run-2/r.json': RESULTS },
      mixtures: MIXTURES,
    })
    expect(table.problems).toEqual([])
    expect(Object.keys(rows[0].values)).not.toContain('arc_easy/acc')
    expect(codes(table)).toContain('missing-values')
  })

  test('of older versions have metrics without filters', async () => {
    const old = { results: { arc_easy: { acc: 0.4, acc_stderr: 0.01 } }, versions: { arc_easy: 0 } }
    const { rows } = await read('lm-eval', {
      problem: problemWith({ 'arc_easy/acc': 'maximize' }),
      files: { 'run-1.json': old },
      mixtures: '{"run": "run-1", "mixture": {"web": 0.5, "code": 0.5}}\n',
    })
    expect(rows).toEqual([
      {
        runId: 'run-1',
        weights: [0.5, 0.5],
        values: { 'arc_easy/acc': 0.4 },
        standardErrors: { 'arc_easy/acc': 0.01 },
      },
    ])
  })
})
