import { describe, expect, test } from 'vitest'
import { codes, details, MIXTURES, problemWith, read } from './files.js'

const problem = problemWith({ eval_web_loss: 'minimize', eval_code_loss: 'minimize' })

/** Rows of training and evaluation take turns, one row an evaluation set; step 300 was cut short. */
const STATE = {
  best_metric: null,
  epoch: 0.9,
  global_step: 300,
  max_steps: 400,
  log_history: [
    { epoch: 0.3, loss: 3.5, grad_norm: 1.25, learning_rate: 0.001, step: 100 },
    {
      epoch: 0.3,
      eval_web_loss: 3.25,
      eval_web_runtime: 1,
      eval_web_samples_per_second: 9,
      step: 100,
    },
    {
      epoch: 0.3,
      eval_code_loss: 3,
      eval_code_runtime: 1,
      eval_code_steps_per_second: 2,
      step: 100,
    },
    { epoch: 0.6, loss: 3, step: 200 },
    { epoch: 0.6, eval_web_loss: 2.75, step: 200 },
    { epoch: 0.6, eval_code_loss: 2.5, eval_code_model_preparation_time: 0.1, step: 200 },
    { epoch: 0.9, loss: 2.9, step: 300 },
    { epoch: 0.9, eval_web_loss: 2.7, step: 300 },
  ],
}

const files = { 'runs/run-1/checkpoint-300/trainer_state.json': STATE }

describe('the state of a Trainer', () => {
  test('is read as the golden file says: the last step that has all metrics counts', async () => {
    const reading = { tokensPerStep: 524288 }
    const { table, rows } = await read('hf-trainer', {
      problem,
      files,
      mixtures: MIXTURES,
      reading,
    })
    expect(table.problems).toEqual([])
    expect(rows).toEqual([
      {
        runId: 'run-1',
        weights: [0.7, 0.3],
        values: { eval_web_loss: 2.75, eval_code_loss: 2.5 },
        tokens: 200 * 524288,
      },
    ])
    expect(codes(table)).toEqual(['mixtures-unused'])
  })

  test('counts tokens as the Trainer did, before the tokens of a step', async () => {
    const counted = structuredClone(STATE)
    Object.assign(counted.log_history[3], { num_input_tokens_seen: 4096 })
    const reading = { tokensPerStep: 1 }
    const given = { problem, mixtures: MIXTURES, reading }
    const byRow = await read('hf-trainer', { ...given, files: { 'run-1/s.json': counted } })
    expect(byRow.rows[0].tokens).toBe(4096)
    const one = problemWith({ eval_web_loss: 'minimize' })
    const atEnd = { ...STATE, num_input_tokens_seen: 9000 }
    const byState = await read('hf-trainer', {
      ...given,
      problem: one,
      files: { 'run-1/s.json': atEnd },
    })
    expect(byState.rows[0]).toMatchObject({ values: { eval_web_loss: 2.7 }, tokens: 9000 })
    const uncounted = await read('hf-trainer', {
      problem: one,
      mixtures: MIXTURES,
      files: { 'run-1/s.json': { ...STATE, num_input_tokens_seen: 0 } },
    })
    expect(uncounted.rows[0].tokens).toBeUndefined()
  })

  test('maps eval_loss, and takes NaN of Python in rows that do not count', async () => {
    const text =
      '{"global_step": 2, "log_history": [{"step": 1, "grad_norm": NaN}, {"step": 2, "eval_loss": 2.5}]}'
    const { rows } = await read('hf-trainer', {
      problem: problemWith({ loss: 'minimize' }),
      files: { 'run-2.json': text },
      mixtures: MIXTURES,
      reading: { metricNames: { eval_loss: 'loss' } },
    })
    expect(rows).toEqual([{ runId: 'run-2', weights: [0.25, 0.75], values: { loss: 2.5 } }])
  })

  test('without a step that has all metrics, without evaluations, and twice for a run are refused', async () => {
    const apart = {
      log_history: [
        { step: 1, eval_web_loss: 1 },
        { step: 2, eval_code_loss: 1 },
      ],
    }
    const none = { log_history: [{ step: 1, loss: 1 }] }
    const given = { problem, mixtures: MIXTURES }
    const lacking = await read('hf-trainer', { ...given, files: { 'run-1.json': apart } })
    expect(details(lacking.table)[0]).toContain('the last, 2, lacks "eval_web_loss"')
    const empty = await read('hf-trainer', { ...given, files: { 'run-1.json': none } })
    expect(details(empty.table)[0]).toContain('no row with a "step" and metrics called "eval_…"')
    const two = { 'run-1/checkpoint-1/s.json': STATE, 'run-1/checkpoint-2/s.json': STATE }
    const twice = await read('hf-trainer', { ...given, files: two })
    expect(details(twice.table)[0]).toContain('"run-1" occurs twice')
  })
})
