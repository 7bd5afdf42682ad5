import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { getJson, type RunningCommand, runCommand, startCommand } from './support.js'
import { temporaryFolder, writeTables } from './tables.js'

const folder = temporaryFolder()
/** Making a database takes seconds, so most tests go on in the one that the first of them makes. */
const data = path.join(folder, 'data')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const running: RunningCommand[] = []
afterEach(async () => {
  for (const { child, result } of running.splice(0)) {
    child.kill('SIGKILL')
    await result
  }
})

async function serve(data: string, env: NodeJS.ProcessEnv = {}, ...args: string[]) {
  const command = startCommand(['serve', '--port', '0', '--data', data, '--json', ...args], env)
  running.push(command)
  const [line] = await command.saying(/^\{.*\}$/m)
  return { ...command, facts: JSON.parse(line) }
}

async function post(url: string, address: string, body: unknown): Promise<Response> {
  const response = await fetch(url + address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`)
  return response
}

const PROBLEM = {
  domains: [{ name: 'web' }, { name: 'code' }, { name: 'books' }],
  metrics: [{ name: 'loss' }, { name: 'score', direction: 'maximize' }],
}

describe('serve', () => {
  test('says where it is, keeps what it was given, and stops cleanly', async () => {
    const first = await serve(data)
    expect(first.facts).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      docs: `${first.facts.url}/docs`,
      store: 'embedded',
      queue: 'embedded',
      location: data,
      isOpen: true,
      pid: first.child.pid,
    })
    expect((await fetch(`${first.facts.url}/readyz`)).status).toBe(200)
    expect((await fetch(first.facts.docs)).status).toBe(200)
    const created = await post(first.facts.url, '/v1/studies', { name: 's', problem: PROBLEM })
    const address = created.headers.get('location')
    first.child.kill('SIGTERM')
    expect(await first.result).toMatchObject({ code: 0, stderr: '' })

    const second = await serve(data)
    expect((await fetch(second.facts.url + address)).status).toBe(200)
    second.child.kill('SIGINT')
    expect(await second.result).toMatchObject({ code: 0, stderr: '' })
  })

  test('announces itself in one line with the addresses for people', async () => {
    const command = startCommand(['serve', '--port', '0', '--data', data, '--workers', '1'])
    running.push(command)
    const [line] = await command.saying(/Mixwright is ready: (http:\S+) .*(http:\S+\/docs)/)
    expect(line).toContain('/docs')
    await command.saying(new RegExp(`data: ${data} \\(embedded\\), queue: embedded, 1 worker;`))
    await command.saying(/open: it asks for no key as long as there is none/)
  })

  test('refuses a folder that another process holds, and names it', async () => {
    const { facts } = await serve(data)
    const { code, stdout, stderr } = await runCommand(['serve', '--port', '0', '--data', data])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(String(facts.pid))
    expect(stderr).toMatch(/\nfix: .*--data/)
    const backup = await runCommand(['backup', path.join(folder, 'no.gz'), '--data', data])
    expect(backup.code).toBe(1)
    expect(existsSync(path.join(folder, 'no.gz'))).toBe(false)
  })

  test('ends with an error when it has lost its folder, instead of living on without a database', async () => {
    const data = path.join(folder, 'lost')
    const { result } = await serve(data)
    rmSync(path.join(data, 'LOCK'), { recursive: true })
    const { code, stderr } = await result
    expect(code).toBe(1)
    expect(stderr).toContain('lock')
  })

  test('refuses a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const args = ['serve', '--port', String(port), '--data', data]
    const { code, stderr } = await runCommand(args)
    taken.close()
    expect(code).toBe(1)
    expect(stderr).toContain(`127.0.0.1:${port}`)
    expect(stderr).toContain('--port 0')
  })

  test('refuses an environment that it cannot read', async () => {
    const { code, stderr } = await runCommand(['serve'], { MIXWRIGHT_PORT: 'http' })
    expect(code).toBe(2)
    expect(stderr).toContain('MIXWRIGHT_PORT')
  })

  test('gives the same numbers over HTTP as fit does without a server', async () => {
    const { facts } = await serve(data)
    const training = writeTables(folder, 'runs', 40)
    const heldOut = writeTables(folder, 'unseen', 20)
    const study = (
      await post(facts.url, '/v1/studies', { name: 's', problem: PROBLEM })
    ).headers.get('location')
    const texts = ({ mixtures, metrics }: typeof training) => ({
      format: 'csv',
      mixtures: readFileSync(mixtures, 'utf8'),
      metrics: readFileSync(metrics, 'utf8'),
    })
    await post(facts.url, `${study}/imports`, texts(training))
    await post(facts.url, `${study}/imports`, {
      role: 'holdout',
      name: 'unseen',
      ...texts(heldOut),
    })
    const job = (await post(facts.url, `${study}/fits`, {})).headers.get('location')
    await expect
      .poll(async () => (await getJson<{ state: string }>(facts.url + job)).state, {
        timeout: 50_000,
      })
      .toBe('succeeded')
    const overHttp = await getJson(`${facts.url}${study}/recommendation`)
    const { stdout } = await runCommand([
      'fit',
      ...['--mixtures', training.mixtures, '--metrics', training.metrics],
      ...['--holdout', `${heldOut.mixtures}:${heldOut.metrics}`],
      ...['--maximize', 'score', '--json'],
    ])
    expect(JSON.parse(stdout)).toEqual(overHttp)
  })
})

describe('backup and restore', () => {
  test('carry a study to another folder', async () => {
    const source = await serve(data)
    const address = (
      await post(source.facts.url, '/v1/studies', { name: 'carried', problem: PROBLEM })
    ).headers.get('location')
    source.child.kill('SIGTERM')
    await source.result

    const file = path.join(folder, 'backup.gz')
    expect((await runCommand(['backup', file, '--data', data])).code).toBe(0)
    expect((await runCommand(['backup', file, '--data', data])).code).toBe(2)

    const target = path.join(folder, 'target')
    const { code, stdout } = await runCommand(['restore', file, '--data', target, '--json'])
    expect(code).toBe(0)
    const { location, rows } = JSON.parse(stdout)
    expect(location).toBe(target)
    expect(rows.studies).toBeGreaterThanOrEqual(1)
    expect((await runCommand(['restore', file, '--data', target])).code).toBe(1)

    const copy = await serve(target)
    const { name } = await getJson<{ name: string }>(copy.facts.url + address)
    expect(name).toBe('carried')
  }, 120_000)
})
