import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openService, type TestService } from '../support/service.js'
import { runCommand } from './support.js'

const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-update-'))
const policy = path.join(folder, 'policy.json')
let service: TestService
let url: string
const traces: string[] = []

beforeAll(async () => {
  service = await openService()
  service.app.addHook('onRequest', async ({ headers }) => {
    traces.push(String(headers.traceparent))
  })
  url = await service.app.listen({ port: 0 })
})
afterAll(async () => {
  await service.close()
  rmSync(folder, { recursive: true })
})

const update = (...args: string[]) =>
  runCommand(['study', 'update', ...args], { MIXWRIGHT_URL: url })

async function newStudy(): Promise<string> {
  const problem = { domains: [{ name: 'a' }, { name: 'b' }], metrics: [{ name: 'loss' }] }
  const labels = { team: 'data', draft: 'yes' }
  return (await service.services.studies.create({ name: 'first', labels, problem })).id
}

test('study update changes what it is told to, in one trace', async () => {
  const id = await newStudy()
  writeFileSync(policy, '{ "maxTrials": 7, "earlyStopping": { "rule": "median" } }')
  traces.length = 0
  const { code, stdout, stderr } = await update(
    ...[id, '--name', 'second', '--label', 'stage:two:b', '--remove-label', 'draft'],
    ...['--policy', policy, '--json'],
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const study = JSON.parse(stdout)
  expect(study).toMatchObject({
    name: 'second',
    version: 2,
    trialPolicy: { leaseSeconds: 3600, maxTrials: 7, earlyStopping: { rule: 'median' } },
  })
  expect(study.labels).toEqual({ team: 'data', stage: 'two:b' })
  expect(traces).toHaveLength(2)
  const parts = traces.map((trace) => /^00-([0-9a-f]{32})-([0-9a-f]{16})-00$/.exec(trace))
  expect(parts[0]?.[1]).toBe(parts[1]?.[1])
  expect(parts[0]?.[2]).not.toBe(parts[1]?.[2])
})

test('study update says what it did, and what is wrong', async () => {
  const id = await newStudy()
  const renamed = await update(id, '--name', 'third')
  expect(renamed.stdout).toBe('Changed the study "third"; it has version 2 now.\n')
  const nothing = await update(id)
  expect({ code: nothing.code, said: nothing.stderr }).toMatchObject({
    code: 2,
    said: expect.stringContaining('nothing to change'),
  })
  writeFileSync(policy, '{ "leaseSeconds": 0 }')
  const refused = await update(id, '--policy', policy)
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('/trialPolicy/leaseSeconds')
  expect((await service.services.studies.get(id)).version).toBe(2)
})
