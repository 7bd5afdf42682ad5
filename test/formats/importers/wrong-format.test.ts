import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { FILE_FORMATS, type FileFormat } from '../../../src/formats/importers/index.js'
import { MIXTURES, problemWith, refusalOf } from './files.js'
import { bytes } from './tables.js'

const problem = problemWith({ loss: 'minimize' })
const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])

const LM_EVAL = { results: { arc: { 'acc,none': 0.5 } }, versions: { arc: 1 } }
const TRAINER = { global_step: 1, log_history: [{ step: 1, eval_loss: 2 }] }
const OLMES = { task_name: 'arc', metrics: { primary_score: 0.5 } }
const MLFLOW = { runs: [{ info: { run_id: 'a' }, data: {} }] }

const refuse = (format: FileFormat, content: unknown) =>
  refusalOf(format, { problem, files: { good: content }, mixtures: MIXTURES, pieceBytes: 64 })

describe.each(FILE_FORMATS)('as %s', (format) => {
  test.each<[string, unknown, string]>([
    ['a PNG', PNG, 'it is a PNG image'],
    ['gzip', gzipSync('{"results": {}}'), 'compressed with gzip; unpack it first'],
    ['an empty file', '', 'it is empty'],
    ['Latin-1', Buffer.from('{"é": 1}', 'latin1'), 'not text in UTF-8'],
  ])('%s is refused with what was expected', async (_name, content, found) => {
    const { code, message, errors } = await refuse(format, content)
    expect(code).toBe('import-format-mismatch')
    expect(message).toContain(found)
    expect(message).toContain('Expected: ')
    expect(errors).toEqual([{ pointer: '/files/0', detail: message }])
  })
})

test.each<[FileFormat, unknown, RegExp]>([
  [
    'lm-eval',
    '{"results": {"arc": {"acc,no',
    /it ends in the middle .* Expected: a JSON object with "results"/,
  ],
  ['lm-eval', TRAINER, /looks like a Trainer's state \(hf-trainer\)/],
  ['lm-eval', { results: [1] }, /an object with "results"/],
  ['hf-trainer', LM_EVAL, /looks like results of lm-evaluation-harness \(lm-eval\).*"log_history"/],
  ['hf-trainer', '{"log_history": [', /ends in the middle/],
  ['hf-trainer', [], /it is an array/],
  ['mlflow', OLMES, /looks like metrics of OLMES \(olmes\)/],
  ['mlflow', { runs: [{ id: 'a' }] }, /looks like runs as JSON \(json\)/],
  ['olmes', MLFLOW, /looks like runs of MLflow \(mlflow\)/],
  [
    'olmes',
    '{"task_name": "arc", "metrics": {}}\n{"task_name": "bo',
    /line 2: it ends in the middle/,
  ],
  ['olmes', 'task,score', /not JSON/],
  ['jsonl', LM_EVAL, /line 1: it looks like results of lm-evaluation-harness/],
  ['jsonl', 'run,web\na,1', /line 1: it is not JSON/],
  ['wandb-csv', LM_EVAL, /Expected: CSV with a header/],
  ['wandb-csv', 'Name,"a\nb,1', /not valid CSV/],
])('%s does not take what is another format or cut off: %#', async (format, content, says) => {
  const { code, status, message } = await refuse(format, content)
  expect([code, status]).toEqual(['import-format-mismatch', 422])
  expect(message).toMatch(says)
})

test('a file that is read whole may not be too large', async () => {
  const file = { name: 'big.json', path: '0', bytes: 65 * 2 ** 20, contentHash: 'f'.repeat(64) }
  const { headOfFiles, readFiles } = await import('../../../src/formats/importers/index.js')
  const task = {
    problem,
    upload: { format: 'lm-eval' as const, files: [file], mixtures: bytes(MIXTURES) },
    maxRows: 10,
  }
  const never = (): AsyncIterable<Uint8Array> => {
    throw new Error('it was opened')
  }
  await expect(readFiles(task, headOfFiles(task), never).next()).rejects.toMatchObject({
    code: 'body-too-large',
    message: expect.stringContaining('64 MiB'),
  })
})

test('a line of JSON lines may not be too long to be held', async () => {
  const long = `{"run": "${'x'.repeat(9 * 2 ** 20)}"}`
  const given = { problem, files: { a: long }, mixtures: MIXTURES, pieceBytes: 2 ** 16 }
  expect((await refusalOf('jsonl', given)).message).toContain(
    'line 1 is longer than 8 Mi characters',
  )
})
