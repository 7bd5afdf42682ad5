import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonlTexts } from '../support/texts.js'
import { type CommandResult, type RunningCommand, runCommand, startCommand } from './support.js'
import { temporaryFolder } from './tables.js'

const folder = temporaryFolder()
const sources = path.join(folder, 'sources')

let service: RunningCommand
let env: NodeJS.ProcessEnv
let corpus: string

beforeAll(async () => {
  mkdirSync(sources)
  writeFileSync(
    path.join(sources, 'web.jsonl'),
    jsonlTexts('the web is wide and full of words', 60),
  )
  writeFileSync(
    path.join(folder, 'code.jsonl'),
    jsonlTexts('let const function return if else', 60).replaceAll('"text"', '"content"'),
  )
  const data = path.join(folder, 'data')
  service = startCommand(['serve', '--port', '0', '--data', data, '--json'], {
    MIXWRIGHT_SOURCES: sources,
    MIXWRIGHT_TRAINING_THREADS: '1',
  })
  const [line] = await service.saying(/^\{.*\}$/m)
  env = { MIXWRIGHT_URL: JSON.parse(line).url }
})
afterAll(async () => {
  service.child.kill('SIGTERM')
  await service.result
  rmSync(folder, { recursive: true })
})

const run = (...args: string[]): Promise<CommandResult> => runCommand(args, env)

async function json(...args: string[]) {
  const { code, stdout, stderr } = await run(...args, '--json')
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

/** @returns its id */
async function newStudy(tokens: number): Promise<string> {
  const model = { width: 8, layers: 1, heads: 1, context: 16 }
  const proxy = { model, tokens, batchSize: 8, validationSequences: 8, measurements: 2 }
  const fidelities = [{ name: 'smallest', evaluator: 'proxy', proxy }]
  const file = path.join(folder, 'study.json')
  writeFileSync(file, JSON.stringify({ name: 'a study', problem: { corpus, fidelities } }))
  return (await json('study', 'create', file)).id
}

describe('corpus', () => {
  test('create, add and ingest make tokens of text', async () => {
    const made = await json(
      ...['corpus', 'create', 'texts', '--domain', 'web', '--domain', 'code'],
      ...['--tokenizer', 'bytes'],
    )
    corpus = made.id
    expect(made.settings.tokenizer).toEqual({ kind: 'bytes' })
    const onServer = await json('corpus', 'add', corpus, 'web', '--on-server', `${sources}/*.jsonl`)
    expect(onServer.items).toMatchObject([{ kind: 'path', domain: 'web' }])
    const file = path.join(folder, 'code.jsonl')
    const uploaded = await run('corpus', 'add', corpus, 'code', file, '--text-field', 'content')
    expect(uploaded.stdout).toMatch(/^code: code\.jsonl \(.* KiB\) {2}[0-9a-f-]{36}\n$/)
    const { code, stdout } = await run('corpus', 'ingest', corpus)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ {2}web +60 +[\d.]+ [KM]iB +[\d,]+ /m)
    expect(stdout).toContain('tokenizer bytes, 257 ids')
  })

  test('list and show say what there is', async () => {
    const { items } = await json('corpus', 'list')
    expect(items.map(({ id }: { id: string }) => id)).toEqual([corpus])
    expect((await run('corpus', 'list')).stdout).toMatch(/texts +web, code +yes/)
    const shown = await json('corpus', 'show', corpus)
    expect(shown.sources).toHaveLength(2)
    const { stdout } = await run('corpus', 'show', corpus)
    expect(stdout).toContain('on the server')
    expect(stdout).toMatch(/^ {2}code +60 /m)
  })

  test.each<[string[], number, RegExp]>([
    [['corpus', 'create'], 2, /name/],
    [['corpus', 'create', 'x'], 2, /--domain/],
    [['corpus', 'create', 'x', '--domain', 'a', '--tokenizer', '/nonexistent'], 2, /cannot read/],
    [['corpus', 'create', 'x', '--domain', 'a', '--domain', 'a'], 3, /error: .*\n.*"a"/],
    [['corpus', 'show', 'nothing'], 2, /fix: .*mixwright corpus list/],
    [['corpus', 'add', 'nothing', 'web', '/nonexistent'], 2, /no file \/nonexistent/],
    [['corpus', 'frobnicate'], 2, /unknown command/],
  ])('%j ends with %d and says what is wrong', async (args, exitCode, said) => {
    const { code, stdout, stderr } = await run(...args)
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
    expect(stderr).toMatch(said)
  })

  test('a path outside the allowed folders is refused, with the way out', async () => {
    const { code, stderr } = await run('corpus', 'add', corpus, 'web', '--on-server', '/etc/hosts')
    expect(code).toBe(3)
    expect(stderr).toContain('MIXWRIGHT_SOURCES')
  })
})

describe('search', () => {
  let study: string

  test('trains, shows what happens line by line, and prints the recommendation', async () => {
    study = await newStudy(512)
    const { code, stdout, stderr } = await run('search', study, '--trials', '4')
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/The search [0-9a-f-]{36} is under way: 4 trials at fidelity "smallest"/)
    expect(stderr).toMatch(/of 4: trial \d \(uniform\) completed, objective \d\.\d{4}/)
    expect(stderr).toContain('4 of 4: ')
    expect(stderr).not.toContain('\u001B')
    expect(stdout).toContain('Recommended weights')
  })

  test('--attach shows how a search that has ended came out, as JSON too', async () => {
    const { search, recommendation } = await json('search', study, '--attach')
    expect(search).toMatchObject({ state: 'finished', counts: { completed: 4 } })
    expect(Object.keys(recommendation.weights)).toEqual(['web', 'code'])
  })

  test('its trials are listed with what was measured', async () => {
    const { items } = await json('trials', study)
    expect(items).toHaveLength(4)
    const { stdout } = await run('trials', study)
    expect(stdout).toMatch(/# +label +state +web +code +tokens +loss\/web +loss\/code/)
    expect(stdout).toMatch(/uniform +completed +0\.500 +0\.500 +512/)
    expect((await run('trials', study, '--state', 'failed')).stdout).toBe('There are no trials.\n')
  })

  test('compare trains the mixtures that are named, side by side', async () => {
    const mine = path.join(folder, 'mine.json')
    writeFileSync(mine, '{"web": 1}')
    const { code, stdout, stderr } = await run(
      ...['compare', study, '--mixture', 'recommended', '--mixture', 'uniform'],
      ...['--mixture', `mine=${mine}`, '--seeds', '3'],
    )
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/^ +recommended +uniform +mine\n/m)
    expect(stdout).toMatch(/web +[\d.<]+ +0\.500 +1\.000/)
    expect(stdout.match(/objective, seed/g)).toHaveLength(3)
    expect(stdout).toMatch(/mine: (recommended is|inside the noise)/)
    const { comparison, outcome } = await json('compare', study, '--mixture', 'natural')
    expect(comparison).toMatchObject({ purpose: 'comparison', state: 'finished', fitId: null })
    expect(outcome.mixtures).toMatchObject([{ name: 'natural', objectives: { length: 2 } }])
  })

  test.each<[string[], RegExp]>([
    [['--mixture', 'best'], /"best" is none of/],
    [['--mixture', 'a=/nonexistent'], /\/nonexistent/],
    [['--mixture', 'uniform', '--mixture', 'uniform'], /given twice/],
  ])('compare %j is told what is wrong', async (args, said) => {
    const { code, stderr } = await run('compare', study, ...args)
    expect(code).toBe(2)
    expect(stderr).toMatch(said)
  })

  test('Ctrl-C leaves it running and says how to get back; the study ends it', async () => {
    const endless = await newStudy(1_000_000_000)
    const command = startCommand(['search', endless, '--trials', '3'], env)
    await command.saying(/is under way/, 'stderr')
    command.child.kill('SIGINT')
    const { code, stderr } = await command.result
    expect(code).toBe(130)
    expect(stderr).toContain(`mixwright search ${endless} --attach`)
    expect((await run('study', 'show', endless)).stdout).toMatch(/search [0-9a-f-]{36}: running/)
    const again = await run('search', endless)
    expect(again.code).toBe(4)
    expect(again.stderr).toContain('--attach')
    const attached = startCommand(['search', endless, '--attach'], env)
    await attached.saying(/is under way/, 'stderr')
    expect((await run('study', 'cancel', endless)).code).toBe(0)
    const ended = await attached.result
    expect(ended.code).toBe(4)
    expect(ended.stderr).toContain('cancelled')
  })
})

describe('jobs', () => {
  test('are listed, shown and deleted; the trials stay', async () => {
    const study = await newStudy(512)
    const search = await run('search', study, '--trials', '3', '--json')
    expect(search.code, search.stderr).toBe(0)
    const { items } = await json('jobs', 'list', '--study', study)
    const kinds = items.map(({ kind }: { kind: string }) => kind)
    expect(kinds.toSorted()).toEqual(['fit', 'trial', 'trial', 'trial'])
    const listed = await run('jobs', 'list', '--study', study)
    expect(listed.stdout).toMatch(new RegExp(`${items[0].id} +fit +succeeded +${study} `))
    const other = (await json('jobs', 'list')).items
    expect(other.map(({ kind }: { kind: string }) => kind)).toContain('ingest')

    const { id, subjectId, result } = items[1]
    expect(await json('jobs', 'show', id)).toEqual(items[1])
    const { stdout } = await run('jobs', 'show', id)
    expect(stdout).toContain(`trial succeeded  ${id}`)
    expect(stdout).toContain(`of ${subjectId}, study ${study}`)
    expect(stdout).toContain(`result: ${result}`)

    expect(await json('jobs', 'delete', id)).toEqual({ deleted: id })
    expect((await run('jobs', 'delete', items[0].id)).stdout).toBe(
      `Deleted the job ${items[0].id}.\n`,
    )
    expect((await json('jobs', 'list', '--study', study)).items).toEqual(items.slice(2))
    expect((await json('trials', study)).items).toHaveLength(3)
    for (const command of ['show', 'cancel', 'delete']) {
      const { code, stderr } = await run('jobs', command, id)
      expect({ command, code }).toEqual({ command, code: 2 })
      expect(stderr).toContain('mixwright jobs list')
    }
  })

  test('under way are cancelled before they are deleted, and so are trials before their checkpoints', async () => {
    const study = await newStudy(1_000_000_000)
    await json('search', study, '--trials', '3', '--no-wait')
    const trial = (await json('trials', study)).items[2]
    const checkpoint = path.join(folder, 'data', 'trials', `${trial.id}.checkpoint`)
    const needed = await run('jobs', 'delete', trial.jobId)
    expect(needed.code).toBe(4)
    expect(needed.stderr).toMatch(/cancel it first.*\nfix: .*mixwright jobs cancel/)
    const underWay = await run('trials', 'delete-checkpoint', study, trial.id)
    expect(underWay.code).toBe(4)
    expect(underWay.stderr).toContain('mixwright study cancel')

    expect((await run('jobs', 'cancel', trial.jobId)).stdout).toContain('is cancelled')
    writeFileSync(checkpoint, 'a checkpoint')
    const { stdout } = await run('trials', 'delete-checkpoint', study, trial.id)
    expect(stdout).toBe(`Deleted the checkpoint of the trial ${trial.id}.\n`)
    expect(existsSync(checkpoint)).toBe(false)
    writeFileSync(checkpoint, 'another')
    const args = ['trials', 'delete-checkpoint', study, trial.id]
    expect(await json(...args)).toEqual({ deleted: trial.id })
    const none = await run(...args)
    expect(none.code).toBe(2)
    expect(none.stderr).toContain('no checkpoint')
    expect(await json('jobs', 'delete', trial.jobId)).toEqual({ deleted: trial.jobId })
    const { code } = await run('study', 'cancel', study)
    expect(code).toBe(0)
  })
})

describe('study', () => {
  test('list, show and delete', async () => {
    const id = await newStudy(512)
    const { items } = await json('study', 'list')
    expect(items[0]).toMatchObject({ id, name: 'a study' })
    expect((await run('study', 'list')).stdout).toContain(id)
    expect((await run('study', 'show', id)).stdout).toContain('smallest (proxy)')
    expect(await json('study', 'delete', id)).toEqual({ deleted: id })
    const { code, stderr } = await run('study', 'show', id)
    expect(code).toBe(2)
    expect(stderr).toContain('mixwright study list')
  })

  test('a corpus in use is not deleted', async () => {
    await newStudy(512)
    const { code, stderr } = await run('corpus', 'delete', corpus)
    expect(code).toBe(4)
    expect(stderr).toContain('mixwright study delete')
  })
})

test('without a service at the address, commands say so', async () => {
  const { code, stderr } = await runCommand(['study', 'list', '--url', 'http://127.0.0.1:1'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/cannot be reached.*\nfix: .*mixwright serve/)
})
