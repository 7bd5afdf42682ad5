import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Directive, SuggestedTrial, Suggestions, Trial } from '../../src/cli/client/index.js'
import { type CommandResult, type RunningCommand, runCommand, startCommand } from './support.js'
import { temporaryFolder } from './tables.js'

const folder = temporaryFolder()

let service: RunningCommand
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  const data = path.join(folder, 'data')
  service = startCommand(['serve', '--port', '0', '--data', data, '--workers', '1', '--json'])
  const [line] = await service.saying(/^\{.*\}$/m)
  env = { MIXWRIGHT_URL: JSON.parse(line).url }
})
afterAll(async () => {
  service.child.kill('SIGTERM')
  await service.result
  rmSync(folder, { recursive: true })
})

const run = (...args: string[]): Promise<CommandResult> => runCommand(args, env)

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json')
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

function file(name: string, content: unknown): string {
  const written = path.join(folder, name)
  writeFileSync(written, JSON.stringify(content))
  return written
}

async function newStudy(trialPolicy: object = {}): Promise<string> {
  const problem = {
    domains: [{ name: 'web' }, { name: 'code' }],
    metrics: [{ name: 'loss' }],
    fidelities: [
      { name: 'small', evaluator: 'external' },
      { name: 'large', evaluator: 'external', cost: 10 },
    ],
  }
  const study = file('study.json', { name: 'a study', problem, trialPolicy })
  return (await json<{ id: string }>('study', 'create', study)).id
}

/** What the first trial of a study is told with. */
async function firstTrial(study: string): Promise<{ trial: SuggestedTrial; told: string[] }> {
  const { trials } = await json<Suggestions>('ask', study, '--client', 'node-7')
  const [trial] = trials
  const told = ['tell', study, trial.id, '--client', 'node-7', '--lease', trial.lease.id]
  return { trial, told }
}

async function stateOf(study: string, trial: string): Promise<Trial> {
  const { items } = await json<{ items: Trial[] }>('trials', study)
  return items.find(({ id }) => id === trial) as Trial
}

describe('ask', () => {
  test('gives trials, the same ones again to the same client, and others to others', async () => {
    const study = await newStudy()
    const first = await json<Suggestions>('ask', study, '--client', 'node-7', '--count', '2')
    expect(first).toMatchObject({ exhausted: false })
    expect(first.trials.map(({ fidelity }) => fidelity)).toEqual(['small', 'small'])
    for (const { weights, lease } of first.trials) {
      expect(weights.web + weights.code).toBeCloseTo(1, 9)
      expect(lease.seconds).toBe(3600)
    }
    const again = await json<Suggestions>('ask', study, '--client', 'node-7', '--count', '2')
    expect(again.trials.map(({ id }) => id)).toEqual(first.trials.map(({ id }) => id))
    const other = await json<Suggestions>('ask', study, '--client', 'node-8')
    expect(first.trials.map(({ id }) => id)).not.toContain(other.trials[0].id)
    const large = await json<Suggestions>(
      ...['ask', study, '--client', 'node-9', '--fidelity', 'large'],
    )
    expect(large.trials[0].fidelity).toBe('large')
  })

  test('shows the mixture and how to tell what came of it', async () => {
    const study = await newStudy({ leaseSeconds: 7200 })
    const { code, stdout } = await run('ask', study, '--client', 'node 7')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Trial [0-9a-f-]{36}: fidelity small, seed \d+\n/)
    expect(stdout).toMatch(/^ {2}web {3}0\.5000\n {2}code {2}0\.5000$/m)
    expect(stdout).toContain('7,200 s')
    expect(stdout).toContain(`mixwright tell ${study} `)
    expect(stdout).toContain('--client "node 7" --lease ')
  })

  test('says whether to come back when there is nothing', async () => {
    const study = await newStudy({ maxTrials: 1 })
    const { told } = await firstTrial(study)
    expect((await run('ask', study, '--client', 'node-8')).stdout).toBe(
      'Other clients have all trials that are left; ask again later.\n',
    )
    await json(...told, '--without-metrics')
    expect((await run('ask', study, '--client', 'node-8')).stdout).toBe(
      'The study has no trials left.\n',
    )
  })

  test('refuses what it cannot do', async () => {
    const study = await newStudy()
    expect((await run('ask', study)).code).toBe(2)
    expect((await run('ask', study, '--client', ' ')).code).toBe(2)
    const wrong = await run('ask', study, '--client', 'node-7', '--fidelity', 'smal')
    expect(wrong.code).toBe(3)
    expect(wrong.stderr).toContain('small')
    const missing = await run('ask', '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511', '--client', 'node-7')
    expect(missing.code).toBe(2)
  })
})

describe('tell', () => {
  test('reports measurements along the way, and completes', async () => {
    const study = await newStudy()
    const { trial, told } = await firstTrial(study)
    const [early, late] = [file('early.json', { loss: 3 }), file('late.json', { loss: 2.5 })]
    expect(await json<Directive>(...told, '--tokens', '5e8', '--values', early)).toMatchObject({
      directive: 'continue',
      reason: null,
      trial: { state: 'running' },
    })
    const errors = file('errors.json', { loss: 0.01 })
    const { code, stdout } = await run(
      ...[...told, '--tokens', '1e9', '--values', late, '--standard-errors', errors, '--complete'],
    )
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `The trial ${trial.id} is completed.\n`,
    })
    expect(await stateOf(study, trial.id)).toMatchObject({
      state: 'completed',
      measurement: { tokens: 1e9, values: { loss: 2.5 }, standardErrors: { loss: 0.01 } },
    })
  })

  test('completes with what was measured before', async () => {
    const study = await newStudy()
    const { trial, told } = await firstTrial(study)
    const values = file('values.json', { loss: 3 })
    expect((await run(...told, '--tokens', '100', '--values', values)).stdout).toBe('Go on.\n')
    expect(await json<Trial>(...told, '--complete')).toMatchObject({
      id: trial.id,
      state: 'completed',
      measurement: { tokens: 100 },
    })
  })

  test('gives signs of life, and hears when to stop', async () => {
    const study = await newStudy()
    const { trial, told } = await firstTrial(study)
    const beat = await json<Directive>(...told, '--heartbeat')
    expect(beat.directive).toBe('continue')
    expect(Date.parse(beat.lease?.expiresAt ?? '')).toBeGreaterThan(
      Date.parse(trial.lease.expiresAt),
    )
    const address = `${env.MIXWRIGHT_URL}/v1/studies/${study}/trials/${trial.id}/abandonment`
    const headers = { 'content-type': 'application/json' }
    await fetch(address, { method: 'POST', headers, body: '{"reason": "no need"}' })
    const { stdout } = await run(...told, '--heartbeat')
    expect(stdout).toMatch(/^Stop: .*no need/)
    expect(stdout).not.toContain('--stop')
  })

  test('tells of a trial that was asked to stop early', async () => {
    const rule = { rule: 'successive-halving', minTokens: 100, reduction: 2, minTrials: 2 }
    const study = await newStudy({ earlyStopping: rule })
    const loss = file('loss.json', { loss: 1 })
    for (const client of ['good-1', 'good-2']) {
      const { trials } = await json<Suggestions>('ask', study, '--client', client)
      const [{ id, lease }] = trials
      const told = ['tell', study, id, '--client', client, '--lease', lease.id]
      await json(...told, '--tokens', '100', '--values', loss)
    }
    const { trial, told } = await firstTrial(study)
    const { stdout } = await run(
      ...[...told, '--tokens', '100', '--values', file('worse.json', { loss: 2 })],
    )
    expect(stdout).toMatch(/^Stop: .*rank 3 of 3.*\nThen tell it with --stop\.\n$/)
    expect((await run(...told, '--stop')).stdout).toBe(`The trial ${trial.id} is stopped.\n`)
  })

  test('gives a failed trial back', async () => {
    const study = await newStudy()
    const { trial, told } = await firstTrial(study)
    expect((await run(...told, '--fail', 'out of memory')).stdout).toBe(
      `The trial ${trial.id} is failed.\n`,
    )
    expect((await stateOf(study, trial.id)).problem?.detail).toContain('out of memory')
  })

  test('refuses what says nothing, too much or the wrong thing, and changes nothing', async () => {
    const study = await newStudy()
    const { trial, told } = await firstTrial(study)
    const values = file('values.json', { loss: 3 })
    const wrong: [string[], RegExp][] = [
      [[], /nothing to tell/],
      [['--values', values], /--tokens is missing/],
      [['--tokens', '100', '--complete'], /--values is missing/],
      [['--tokens', '-1', '--values', values], /at least 0/],
      [['--complete', '--stop'], /one way only/],
      [['--heartbeat', '--tokens', '100', '--values', values], /do not go with/],
      [['--tokens', '100', '--values', file('list.json', [3])], /no map of metrics/],
      [['--tokens', '100', '--values', file('text.json', { loss: '3' })], /no map of metrics/],
      [['--tokens', '100', '--values', path.join(folder, 'none.json')], /no such file/],
    ]
    for (const [args, words] of wrong) {
      const { code, stdout, stderr } = await run(...told, ...args)
      expect({ code, stdout }, args.join(' ')).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(words)
    }
    const unknown = file('unknown.json', { accuracy: 0.5 })
    const refused = await run(...told, '--tokens', '100', '--values', unknown)
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('accuracy')
    const others = [...told.slice(0, 3), '--client', 'node-8', '--lease', trial.lease.id]
    const stolen = await run(...others, '--complete', '--tokens', '100', '--values', values)
    expect(stolen.code).toBe(4)
    expect(await stateOf(study, trial.id)).toMatchObject({ state: 'running', measurement: null })
  })
})
