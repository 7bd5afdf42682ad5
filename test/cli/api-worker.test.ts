import { rmSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { runCommand } from './support.js'
import { temporaryFolder } from './tables.js'

/** What the two do on real servers is in test/services/scale-out.test.ts. */

const data = temporaryFolder()
afterAll(() => rmSync(data, { recursive: true, force: true }))

describe.each(['api', 'worker'])('mixwright %s', (command) => {
  test('is refused on the embedded store, with the reason and what to do', async () => {
    const { code, stdout, stderr } = await runCommand([command, '--data', data])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(`the embedded database in ${data} is locked by the one process`)
    expect(stderr).toMatch(/\nfix: Set DATABASE_URL .*mixwright serve/)
  })

  test('says which server it cannot reach, without the password', async () => {
    const env = { DATABASE_URL: 'postgresql://mixwright:hidden@127.0.0.1:1/mixwright' }
    const { code, stdout, stderr } = await runCommand([command, '--data', data, '--json'], env)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const problem = JSON.parse(stderr)
    expect(problem).toMatchObject({
      code: 'environment',
      fix: expect.stringMatching(/DATABASE_URL/),
    })
    expect(problem.detail).toContain('127.0.0.1:1')
    expect(stderr).not.toContain('hidden')
  })

  test('has help that says what it needs', async () => {
    const { code, stdout } = await runCommand([command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Needs PostgreSQL (DATABASE_URL).')
    expect(stdout).toMatch(/the same data folder[^.]*on storage that\s+they share/)
  })
})

test.each([
  ['MIXWRIGHT_WORKER_PORT', '70000'],
  ['MIXWRIGHT_EVENT_STREAMS', '0'],
])('%s=%s is refused by its name', async (name, value) => {
  const env = { [name]: value, DATABASE_URL: 'postgresql://127.0.0.1:1/none' }
  const { code, stderr } = await runCommand(['worker'], env)
  expect(code).toBe(2)
  expect(stderr).toContain(name)
})
