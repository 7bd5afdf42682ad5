import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../../src/store/index.js'
import { newDataFolder } from '../support/data-folder.js'

/**
 * Four writers, each in transactions of two statements, that print the number of every transaction once it has been
 * acknowledged.
 */
const WRITER = `
  const [module, dataFolder, first] = process.argv.slice(1)
  const { openStore } = await import(module)
  const { pool } = await openStore({ dataFolder })
  await pool.query('create table if not exists public.acknowledged (number int, part int, filling text)')
  let next = Number(first)
  const filling = 'x'.repeat(3000)
  const insert = 'insert into public.acknowledged values ($1, $2, $3)'
  async function write () {
    for (;;) {
      const number = next++
      const client = await pool.connect()
      await client.query('begin')
      await client.query(insert, [number, 1, filling])
      await client.query(insert, [number, 2, filling])
      await client.query('commit')
      client.release()
      process.stdout.write(number + '\\n')
    }
  }
  await Promise.all([write(), write(), write(), write()])`

describe('a process killed in the middle of writes', () => {
  let dataFolder: string
  beforeAll(async () => {
    dataFolder = await newDataFolder()
  })
  afterAll(() => rm(dataFolder, { recursive: true }))

  test('has lost nothing that it acknowledged, and left nothing half done', async () => {
    const acknowledged: number[] = []
    let first = 1
    for (const count of [1, 40, 7, 120]) {
      acknowledged.push(...(await writeUntilKilled(first, count)))
      first = Math.max(...acknowledged) + 1_000
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(1 + 40 + 7 + 120)

    const store = await openStore({ dataFolder })
    const { rows } = await store.pool.query<{ number: number; parts: number[] }>(
      'select number, array_agg(part order by part) as parts from public.acknowledged group by number',
    )
    await store.close()
    const found = new Set(rows.map(({ number }) => number))
    expect(acknowledged.filter((number) => !found.has(number))).toEqual([])
    expect(rows.filter(({ parts }) => parts.join() !== '1,2')).toEqual([])
  })

  /** Numbers acknowledged by a writer that was killed when it had acknowledged so many. */
  async function writeUntilKilled(first: number, count: number): Promise<number[]> {
    const module = new URL('../../../dist/store/index.js', import.meta.url).href
    const child = spawn(
      process.execPath,
      ['--input-type=module', '-e', WRITER, module, dataFolder, `${first}`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const acknowledged: number[] = []
    const exit = once(child, 'exit')
    for await (const line of createInterface(child.stdout)) {
      acknowledged.push(Number(line))
      if (acknowledged.length === count) child.kill('SIGKILL')
    }
    expect(await exit).toEqual([null, 'SIGKILL'])
    return acknowledged
  }
})
