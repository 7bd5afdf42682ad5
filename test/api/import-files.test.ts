import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { IMPORT_FORMATS } from '../../src/formats/importers/index.js'
import { TestClient } from './client.js'

/** Imports of files of results, over HTTP. */

const client = new TestClient({
  limits: { importRows: 50 },
  api: { importBytes: 20_000, importFileBytes: 50_000 },
})

const PROBLEM = {
  domains: [{ name: 'web' }, { name: 'code' }],
  metrics: [{ name: 'arc/acc', direction: 'maximize' }],
  fidelities: [
    { name: 'small', evaluator: 'table' },
    { name: 'large', evaluator: 'table' },
  ],
}
const MIXTURES = 'run,web,code\nrun-1,0.7,0.3\nrun-2,0.25,0.75\n'

const results = (acc: number, nShot = 0) =>
  JSON.stringify({
    results: { arc: { 'acc,none': acc, 'acc_stderr,none': 0.01 } },
    versions: { arc: 1 },
    'n-shot': { arc: nShot },
    higher_is_better: { arc: { acc: true } },
  })

type Part = [name: string, content: string | Uint8Array, filename?: string]

/** A form written out, so that its parts come in the order given and keep their folders. */
function formOf(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(([name, content, filename]) => {
    const file = filename === undefined ? '' : `; filename="${filename}"`
    const head = `--edge\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n`
    return [Buffer.from(head), Buffer.from(content), Buffer.from('\r\n')]
  })
  return Buffer.concat([...pieces, Buffer.from('--edge--\r\n')])
}

const upload = (study: string, parts: readonly Part[], headers: Record<string, string> = {}) =>
  client.call({
    method: 'POST',
    url: `${study}/imports`,
    headers: { 'content-type': 'multipart/form-data; boundary=edge', ...headers },
    payload: formOf(parts),
  })

const lmEval = (files: Record<string, string>, fidelity = 'small'): Part[] => [
  ['format', 'lm-eval'],
  ['fidelity', fidelity],
  ['mixtures', MIXTURES, 'mixtures.csv'],
  ...Object.entries(files).map(([name, content]): Part => ['file', content, name]),
]

async function nothingIsLeft() {
  const places = await readdir(path.join(client.service.dataFolder, 'imports'))
  expect(places).toEqual([])
}

const newStudy = () => client.newStudy({ problem: PROBLEM })

describe('results of lm-evaluation-harness', () => {
  test('are imported, after a dry run, with their standard errors and evaluations', async () => {
    const study = await newStudy()
    const parts = lmEval({ 'run-1/r.json': results(0.5), 'run-2/r.json': results(0.6) })
    const dry = await upload(study, [...parts, ['dryRun', 'true']])
    expect(dry.status).toBe(200)
    expect(dry.body).toMatchObject({
      importable: true,
      rowCount: 2,
      evaluations: { arc: { version: 1, nShot: 0 } },
      preview: [
        { id: 'run-1', metrics: { 'arc/acc': 0.5 }, standardErrors: { 'arc/acc': 0.01 } },
        { id: 'run-2' },
      ],
    })
    expect((await client.get(`${study}/imports`)).body.items).toEqual([])
    const { status, body } = await upload(study, parts)
    expect(status).toBe(201)
    expect(body).toMatchObject({ format: 'lm-eval', rowCount: 2, fidelity: 'small' })
    expect((await client.get(`${study}/imports`)).body.items).toEqual([body])
    await nothingIsLeft()
  })

  test('that were evaluated otherwise than earlier ones of the fidelity are refused with the reason', async () => {
    const study = await newStudy()
    const first = await upload(study, lmEval({ 'run-1/r.json': results(0.5) }))
    const other = { 'run-2/r.json': results(0.6, 25) }
    const refused = await upload(study, lmEval(other))
    expect(refused.status).toBe(409)
    expect(refused.body).toMatchObject({
      code: 'evaluations-incompatible',
      errors: [
        {
          pointer: '/evaluations/arc/nShot',
          detail: `the task "arc" was evaluated with nShot 0 in the import ${first.body.id} and with nShot 25 in this one`,
        },
      ],
    })
    const dry = await upload(study, [...lmEval(other), ['dryRun', 'true']])
    expect(dry.body).toMatchObject({ importable: false, problemCount: 1 })
    expect((await client.get(`${study}/imports`)).body.items).toHaveLength(1)
    expect((await upload(study, lmEval(other, 'large'))).status).toBe(201)
    const alike = { 'run-2/r.json': results(0.6) }
    expect((await upload(study, lmEval(alike))).status).toBe(201)
    await nothingIsLeft()
  })

  test('that contradict each other are refused, and none of them is stored', async () => {
    const study = await newStudy()
    const files = { 'run-1/r.json': results(0.5), 'run-2/r.json': results(0.6, 25) }
    const { status, body } = await upload(study, lmEval(files))
    expect([status, body.code]).toEqual([409, 'evaluations-incompatible'])
    expect(body.detail).toContain('nShot 0 in "run-1/r.json" and with nShot 25 in "run-2/r.json"')
    expect((await client.get(`${study}/imports`)).body.items).toEqual([])
  })

  test('whose names try to lead out of the folder are only names', async () => {
    const study = await newStudy()
    const files = { '../../../etc/run-1/r.json': results(0.5) }
    expect((await upload(study, lmEval(files))).status).toBe(201)
    await nothingIsLeft()
  })
})

test('a form sent again with its Idempotency-Key is imported once', async () => {
  const study = await newStudy()
  const parts = lmEval({ 'run-1/r.json': results(0.5) })
  const headers = { 'idempotency-key': 'import-1' }
  const first = await upload(study, parts, headers)
  const again = await upload(study, parts, headers)
  expect([first.status, again.status]).toEqual([201, 201])
  expect(again.body).toEqual(first.body)
})

test('the other formats are reached by their names', async () => {
  const line = JSON.stringify({ run: 1, mixture: { web: 1, code: 0 }, metrics: { acc: 0.5 } })
  const { status, body } = await upload(await newStudy(), [
    ['file', line, 'runs.jsonl'],
    ['format', 'jsonl'],
    ['fidelity', 'small'],
    ['metricNames', '{"acc": "arc/acc"}'],
  ])
  expect(status).toBe(201)
  expect(body).toMatchObject({ format: 'jsonl', rowCount: 1, evaluations: null })
  const pair: Part[] = [
    ['format', 'olmix-csv'],
    ['fidelity', 'small'],
    ['mixtures', 'run,name,index,web,code\na,a,0,0.5,0.5\n', 'ratios.csv'],
    ['metrics', 'run,name,index,arc/acc\na,a,0,0.5\n', 'metrics.csv'],
  ]
  expect((await upload(await newStudy(), pair)).body).toMatchObject({ format: 'olmix-csv' })
})

describe('a form is refused', () => {
  let study: string
  beforeAll(async () => {
    study = await newStudy()
  })
  const FILE: Part = ['file', results(0.5), 'run-1/r.json']
  const base: Part[] = [
    ['fidelity', 'small'],
    ['mixtures', MIXTURES, 'm.csv'],
  ]

  test.each<[string, Part[], string]>([
    ['without a format', [...base, FILE], '/format'],
    ['with an unknown format', [['format', 'lm-evall'], ...base, FILE], '/format'],
    ['with JSON, which is a body', [['format', 'json'], ...base], '/format'],
    ['with JSON named after its file', [...base, FILE, ['format', 'json']], '/format'],
    ['without the file', [['format', 'lm-eval'], ...base], '/file'],
    ['with a file for a pair', [['format', 'csv'], ...base, FILE], '/file'],
    [
      'with a table of metrics',
      [['format', 'lm-eval'], ...base, ['metrics', 'a', 'b'], FILE],
      '/metrics',
    ],
    [
      'with options of another format',
      [['format', 'lm-eval'], ...base, ['tokensPerStep', '5'], FILE],
      '/tokensPerStep',
    ],
    [
      'with options for a pair',
      [['runIdFrom', 'file'], ...base, ['metrics', 'a', 'b']],
      '/runIdFrom',
    ],
    [
      'with a map that is none',
      [['format', 'lm-eval'], ...base, ['metricNames', 'a=b'], FILE],
      '/metricNames',
    ],
    [
      'with a map to what is none',
      [['format', 'lm-eval'], ...base, ['metricNames', '{"a": "b"}'], FILE],
      '/metricNames/a',
    ],
    [
      'with a way to name runs that is none',
      [['format', 'lm-eval'], ...base, ['runIdFrom', 'hash'], FILE],
      '/runIdFrom',
    ],
    [
      'with tokens that are no number',
      [['format', 'hf-trainer'], ...base, ['tokensPerStep', 'x'], FILE],
      '/tokensPerStep',
    ],
  ])('%s', async (_name, parts, pointer) => {
    const { status, body } = await upload(study, parts)
    expect([status, body.code]).toEqual([422, 'validation-failed'])
    expect(body.errors[0].pointer).toBe(pointer)
    await nothingIsLeft()
  })

  test('with an unknown format is told the list, in a form and in a body', async () => {
    const form = await upload(study, [['format', 'xml'], FILE])
    const body = await client.post(`${study}/imports`, { format: 'xml', runs: [] })
    for (const { detail } of [form.body.errors[0], body.body.errors[0]])
      expect(detail).toContain(IMPORT_FORMATS.join(', '))
    const sent = await client.post(`${study}/imports`, { format: 'mlflow', runs: [] })
    expect(sent.body.errors[0].detail).toContain('sent as files in a form')
  })

  test.each<[string, Part[]]>([
    [
      'a PNG',
      [['format', 'lm-eval'], ...base, ['file', Buffer.from('89504e470d0a1a0a', 'hex'), 'r.json']],
    ],
    ['gzip', [['format', 'lm-eval'], ...base, ['file', gzipSync(results(0.5)), 'r.json']]],
    ['another format', [['format', 'hf-trainer'], ...base, FILE]],
    [
      'JSON that is cut off',
      [['format', 'lm-eval'], ...base, ['file', results(0.5).slice(0, 40), 'r.json']],
    ],
    [
      'a PNG as mixtures',
      [
        ['format', 'lm-eval'],
        ['fidelity', 'small'],
        ['mixtures', Buffer.from('89504e47', 'hex'), 'm.csv'],
        FILE,
      ],
    ],
    ['gzip as one of a pair', [...base, ['metrics', gzipSync('run,arc/acc'), 'm.csv']]],
  ])('with %s, and told what was expected', async (_name, parts) => {
    const { status, body } = await upload(study, parts)
    expect([status, body.code]).toEqual([422, 'import-format-mismatch'])
    expect(body.detail).toMatch(/Expected: /)
    await nothingIsLeft()
  })

  test('with more than files may have, together and in memory', async () => {
    const half = 'x'.repeat(30_000)
    const files: Part[] = [
      ['format', 'jsonl'],
      ['file', half, 'a'],
      ['file', half, 'b'],
    ]
    const tables: Part[] = [
      ['format', 'jsonl'],
      ['mixtures', half, 'a'],
    ]
    for (const parts of [files, tables]) {
      const { status, body } = await upload(study, parts)
      expect([status, body.code]).toEqual([413, 'body-too-large'])
      await nothingIsLeft()
    }
  })

  test('with more runs than a table may have', async () => {
    const lines = Array.from({ length: 51 }, (_, run) =>
      JSON.stringify({ run, mixture: { web: 1, code: 0 }, metrics: { 'arc/acc': 1 } }),
    )
    const parts: Part[] = [
      ['format', 'jsonl'],
      ['fidelity', 'small'],
      ['file', lines.join('\n'), 'a'],
    ]
    const { status, body } = await upload(study, parts)
    expect([status, body.code]).toEqual([413, 'too-many-rows'])
  })

  test('for a study that does not exist, before its files are taken', async () => {
    const nowhere = '/v1/studies/0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
    const { status, body } = await upload(nowhere, lmEval({ 'run-1/r.json': results(0.5) }))
    expect([status, body.code]).toEqual([404, 'study-not-found'])
    await nothingIsLeft()
  })
})
