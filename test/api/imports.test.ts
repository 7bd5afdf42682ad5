import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { sharedData } from '../support/shared-data.js'
import { makeRuns, type Run, TestClient } from './client.js'

/** Of one import, here: RegMix's table has 512. */
const MOST_ROWS = 600
const client = new TestClient({ limits: { importRows: MOST_ROWS } })

describe('runs that cannot be imported', () => {
  let study: string
  beforeAll(async () => {
    study = await client.newStudy()
  })

  async function refusalOf(body: object, code = 'rows-invalid', status = 422) {
    const before = (await client.get(`${study}/imports`)).body.items.length
    const answer = await client.post(`${study}/imports`, body)
    expect(answer.body.code).toBe(code)
    expect(answer.status).toBe(status)
    expect((await client.get(`${study}/imports`)).body.items).toHaveLength(before)
    return answer.body
  }

  const changed = (change: (run: Run) => object) => {
    const runs: object[] = makeRuns(4)
    runs[2] = change(runs[2] as Run)
    return { runs }
  }

  test.each<[string, (run: Run) => object]>([
    ['a weight below 0', (run) => ({ ...run, weights: { ...run.weights, web: -0.2 } })],
    ['weights that sum to 0.9', (run) => ({ ...run, weights: { web: 0.5, code: 0.2, wiki: 0.2 } })],
    ['a number as text', (run) => ({ ...run, weights: { ...run.weights, web: '0.5' } })],
    ['a missing domain', (run) => ({ ...run, weights: { web: 0.5, code: 0.5 } })],
    ['an unknown domain', (run) => ({ ...run, weights: { ...run.weights, books: 0 } })],
    ['an unknown metric', (run) => ({ ...run, metrics: { ...run.metrics, f1: 1 } })],
    ['an unknown field', (run) => ({ ...run, colour: 'red' })],
    ['the id of another row', (run) => ({ ...run, id: 'run-0' })],
  ])('as JSON: %s', async (_name, change) => {
    const { errors } = await refusalOf(changed(change))
    expect(errors[0].pointer).toMatch(/^\/runs\/2\b/)
  })

  test('as JSON that is none, because of a NaN', async () => {
    const payload = JSON.stringify({ runs: makeRuns(4) }).replace(/0\.\d+/, 'NaN')
    const answer = await client.call({
      method: 'POST',
      url: `${study}/imports`,
      headers: { 'content-type': 'application/json' },
      payload,
    })
    expect(answer.status).toBe(400)
    expect(answer.body.code).toBe('malformed-request')
  })

  test.each([
    ['a field that does not exist', { rows: [] }],
    ['a role that does not exist', { role: 'test', runs: makeRuns(2) }],
    ['a hold-out without a name', { role: 'holdout', runs: makeRuns(2) }],
    ['an unknown fidelity', { fidelity: '1B', runs: makeRuns(2) }],
    ['no runs', { runs: [] }],
  ])('with %s', async (_name, body) => {
    await refusalOf(body, 'validation-failed')
  })

  test('a second time, while the same mixture under another id is a replicate', async () => {
    const runs = makeRuns(3, 'twice')
    expect((await client.post(`${study}/imports`, { runs })).status).toBe(201)
    await refusalOf({ runs: [...makeRuns(1, 'new'), runs[1]] }, 'run-already-imported', 409)
    const replicate = { ...runs[1], id: 'twice-again' }
    expect((await client.post(`${study}/imports`, { runs: [replicate] })).status).toBe(201)
  })

  test('into a study that does not exist', async () => {
    const url = '/v1/studies/0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511/imports'
    expect((await client.post(url, { runs: makeRuns(2) })).body.code).toBe('study-not-found')
  })

  test('too few of them cannot be fitted', async () => {
    const few = await client.newStudy()
    await client.post(`${few}/imports`, { runs: makeRuns(3) })
    const { status, body } = await client.post(`${few}/fits`, {})
    expect(status).toBe(422)
    expect(body.code).toBe('too-few-runs')
  })

  test('more of them than a table may have', async () => {
    await refusalOf({ runs: makeRuns(MOST_ROWS + 1) }, 'too-many-rows', 413)
  })
})

describe('a pair of CSV files', () => {
  let study: string
  beforeAll(async () => {
    study = await client.newStudy()
  })

  const mixtures = (rows: string[]) => ['run,train_web,train_code,train_wiki', ...rows].join('\n')
  const metrics = (rows: string[]) => ['run,metric/val_loss,metric/accuracy', ...rows].join('\n')
  const goodMixtures = mixtures(['1,0.5,0.3,0.2', '2,0.2,0.6,0.2'])
  const goodMetrics = metrics(['1,2.5,0.5', '2,2.6,0.4'])

  async function upload(
    url: string,
    files: Record<string, string>,
    fields: Record<string, string> = {},
  ) {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    for (const [name, text] of Object.entries(files))
      form.append(name, new Blob([text]), `${name}.csv`)
    const encoded = new Response(form)
    return client.call({
      method: 'POST',
      url: `${url}/imports`,
      headers: { 'content-type': String(encoded.headers.get('content-type')) },
      payload: Buffer.from(await encoded.arrayBuffer()),
    })
  }

  test('is imported', async () => {
    const { status, body } = await upload(study, { mixtures: goodMixtures, metrics: goodMetrics })
    expect(status).toBe(201)
    expect(body).toMatchObject({ format: 'csv', rowCount: 2, role: 'train' })
  })

  test('is imported as a hold-out, after a dry run', async () => {
    const files = { mixtures: goodMixtures, metrics: goodMetrics }
    const fields = { role: 'holdout', name: 'later' }
    const dry = await upload(study, files, { ...fields, dryRun: 'true' })
    expect(dry.status).toBe(200)
    expect(dry.body).toMatchObject({ importable: true, role: 'holdout', name: 'later' })
    expect((await upload(study, files, fields)).body).toMatchObject({
      role: 'holdout',
      name: 'later',
    })
  })

  test.each([
    ['rows that do not join', goodMixtures, metrics(['1,2.5,0.5', '3,2.6,0.4'])],
    ['a domain missing', 'run,train_web,train_code\n8,0.5,0.5', metrics(['8,2.5,0.5'])],
    ['text in a number', mixtures(['8,0.5,much,0.2']), metrics(['8,2.5,0.5'])],
    ['NaN', mixtures(['8,0.5,NaN,0.2']), metrics(['8,2.5,0.5'])],
    ['a weight below 0', mixtures(['8,0.9,0.3,-0.2']), metrics(['8,2.5,0.5'])],
    ['a sum of 0.9', mixtures(['8,0.5,0.3,0.1']), metrics(['8,2.5,0.5'])],
    ['the same run twice', mixtures(['8,0.5,0.3,0.2', '8,0.2,0.6,0.2']), metrics(['8,2.5,0.5'])],
    ['an unknown metric', mixtures(['8,0.5,0.3,0.2']), 'run,metric/val_loss,metric/f1\n8,2.5,0.5'],
  ])('is refused with %s', async (_name, mixtureFile, metricFile) => {
    const { status, body } = await upload(study, { mixtures: mixtureFile, metrics: metricFile })
    expect(status).toBe(422)
    expect(body.code).toBe('rows-invalid')
    expect(body.errors.length).toBeGreaterThan(0)
  })

  const tables = ['train_mixture_1m.csv', 'train_pile_loss_1m.csv'].map((name) =>
    sharedData('regmix', name),
  )
  test.skipIf(tables.includes(undefined))(
    "RegMix's own files are imported as they are",
    async () => {
      const [mixtureFile, metricFile] = tables.map((file) => readFileSync(String(file), 'utf8'))
      const names = (text: string, prefix: string) =>
        text
          .split('\n')[0]
          .trim()
          .split(',')
          .filter((column) => column.startsWith(prefix))
          .map((column) => ({ name: column.slice(prefix.length) }))
      const problem = {
        domains: names(mixtureFile, 'train_'),
        metrics: names(metricFile, 'metric/'),
      }
      const pile = await client.newStudy({ problem })
      const { status, body } = await upload(pile, { mixtures: mixtureFile, metrics: metricFile })
      expect(status).toBe(201)
      expect(body.rowCount).toBe(512)
      expect(body.warnings.map(({ code }: { code: string }) => code)).toContain(
        'weights-renormalised',
      )
    },
  )
})
