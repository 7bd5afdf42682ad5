import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  acquireFolderLock,
  FolderInUseError,
  type LockHolder,
} from '../../../src/store/embedded/folder-lock.js'
import { emptyFolder } from '../support/data-folder.js'

let folder: string
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await emptyFolder()
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

const lockFile = () => join(folder, 'LOCK')
const readLock = async (): Promise<LockHolder> => JSON.parse(await readFile(lockFile(), 'utf8'))
const writeLock = (holder: LockHolder) => writeFile(lockFile(), JSON.stringify(holder))

/** A process that tries to take the folder, says how it went in a line of JSON, and stays. */
async function startTaker(): Promise<{ child: ChildProcess; pid?: number; refused?: string }> {
  const module = new URL('../../../dist/store/embedded/folder-lock.js', import.meta.url)
  const script = `
    import { acquireFolderLock } from ${JSON.stringify(module.href)}
    const answer = await acquireFolderLock(${JSON.stringify(folder)}).then(
      (lock) => ({ pid: lock.holder.pid }), (error) => ({ refused: error.message }))
    process.stdout.write(JSON.stringify(answer) + '\\n')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  })
  children.push(child)
  const [line] = await once(child.stdout!, 'data')
  return { child, ...JSON.parse(String(line)) }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('the lock of a data folder', () => {
  test('names its holder and refuses others with that name', async () => {
    const lock = await acquireFolderLock(folder)
    expect(await readLock()).toEqual(lock.holder)
    expect(lock.holder).toMatchObject({ pid: process.pid, host: hostname() })
    const refused = await acquireFolderLock(folder).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(FolderInUseError)
    expect((refused as Error).message).toContain(
      `in use by process ${process.pid} on ${hostname()}`,
    )
    await lock.release()
    expect(await readdir(folder)).toEqual([])
    await (await acquireFolderLock(folder)).release()
  })

  test('is refused to another process, and free once its holder was killed', async () => {
    const first = await startTaker()
    expect(first.pid).toBe(first.child.pid)
    const second = await startTaker()
    expect(second.refused).toContain(`process ${first.pid}`)
    await kill(first.child)
    const lock = await acquireFolderLock(folder)
    expect(lock.holder.pid).toBe(process.pid)
    await lock.release()
  })

  test('of a dead process goes to exactly one of many that want it', async () => {
    await kill((await startTaker()).child)
    const takers = await Promise.all(Array.from({ length: 5 }, startTaker))
    const winners = takers.filter(({ pid }) => pid !== undefined)
    expect(winners).toHaveLength(1)
    expect((await readLock()).pid).toBe(winners[0].pid)
    for (const { refused } of takers.filter((taker) => taker !== winners[0]))
      expect(refused).toContain('is in use by process')
  })

  test.skipIf(process.platform !== 'linux')(
    'is taken over when its process id belongs to another process now',
    async () => {
      const lock = await acquireFolderLock(folder)
      await lock.release()
      await writeLock({ ...lock.holder, startTime: '1', nonce: 'of an earlier process' })
      const again = await acquireFolderLock(folder)
      expect(again.holder.nonce).not.toBe('of an earlier process')
      await again.release()
    },
  )

  test('of another machine holds while its heartbeat goes on', async () => {
    const lock = await acquireFolderLock(folder)
    await lock.release()
    await writeLock({ ...lock.holder, host: 'elsewhere' })
    let beat = 0
    const heart = setInterval(() => {
      beat += 1
      void utimes(lockFile(), beat, beat)
    }, 50)
    await expect(acquireFolderLock(folder, { silenceMs: 2_000 })).rejects.toThrow(/on elsewhere/)
    clearInterval(heart)
  })

  test('of another machine is taken over when its heartbeat has stopped', async () => {
    const lock = await acquireFolderLock(folder)
    await lock.release()
    await writeLock({ ...lock.holder, host: 'elsewhere', nonce: 'silent' })
    const again = await acquireFolderLock(folder, { silenceMs: 300 })
    expect((await readLock()).nonce).toBe(again.holder.nonce)
    await again.release()
  })

  test('tells its holder when it is lost, and leaves another’s alone', async () => {
    const losses = new EventEmitter()
    const lost = once(losses, 'lost')
    const lock = await acquireFolderLock(folder, { onLost: () => losses.emit('lost') })
    const other = { ...lock.holder, nonce: 'of another' }
    await writeLock(other)
    await lost
    await lock.release()
    expect(await readLock()).toEqual(other)
  })

  test('outlives a file that cannot be read for a while', async () => {
    const losses: string[] = []
    const lock = await acquireFolderLock(folder, { onLost: () => losses.push('lost') })
    await writeFile(lockFile(), 'not JSON')
    await utimes(lockFile(), 1, 1)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    await writeLock(lock.holder)
    await utimes(lockFile(), 1, 1)
    await expect
      .poll(async () => (await stat(lockFile())).mtimeMs, { timeout: 5_000 })
      .toBeGreaterThan(1_000)
    expect(losses).toEqual([])
    await lock.release()
    expect(await readdir(folder)).toEqual([])
  })

  test('that cannot be read is not taken over', async () => {
    await writeFile(lockFile(), 'not JSON')
    await expect(acquireFolderLock(folder)).rejects.toThrow(/Remove it if no process uses/)
  })
})
