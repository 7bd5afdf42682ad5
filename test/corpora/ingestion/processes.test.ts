import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type IngestTask, ingestCorpus } from '../../../src/corpora/index.js'
import { fingerprint } from '../support/corpus-contents.js'
import { folderWith, jsonLines, newFolder, taskOf } from '../support/folders.js'
import { zstdFrame } from '../support/zstd-frames.js'

const MODULE = new URL('../../../dist/corpora/index.js', import.meta.url).href

/** Ingests, and prints the manifest's hash or the error's code; at a phase it prints that, and waits to be killed. */
const INGEST = `
  import { writeSync } from 'node:fs'
  const [module, task, stop] = process.argv.slice(1)
  const { ingestCorpus } = await import(module)
  const onProgress = ({ phase, done }) => {
    if (!stop || !(phase + ' ' + done).startsWith(stop)) return
    writeSync(1, 'stopped\\n')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
  try {
    const { hash } = await ingestCorpus(JSON.parse(task), { onProgress })
    writeSync(1, 'hash ' + hash + '\\n')
  } catch (error) {
    writeSync(1, 'error ' + error.code + ' ' + error.message + '\\n')
  }`

const childOf = (task: IngestTask, stop = '') => [
  process.execPath,
  '--input-type=module',
  '-e',
  INGEST,
  MODULE,
  JSON.stringify(task),
  stop,
]

/** A few megabytes in two domains. */
function someTask(): IngestTask {
  const lines = (name: string) =>
    jsonLines(
      Array.from({ length: 4000 }, (_, i) => ({
        text: `${name} ${i} ${'some more words and again '.repeat(i % 40)}`,
      })),
    )
  const folder = folderWith({ 'a.jsonl': lines('a'), 'b.jsonl': lines('b') })
  return taskOf(folder, { a: ['a.jsonl'], b: ['b.jsonl'] })
}

describe('a process that is killed', () => {
  /** Kills a child when it is where it should stop. */
  async function runUntil(task: IngestTask, stop: string): Promise<void> {
    const [command, ...args] = childOf(task, stop)
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const exit = once(child, 'exit')
    for await (const line of createInterface(child.stdout)) {
      expect(line).toBe('stopped')
      child.kill('SIGKILL')
    }
    expect(await exit).toEqual([null, 'SIGKILL'])
  }

  test('leaves what the next one makes the same corpus of', async () => {
    const task = someTask()
    await ingestCorpus(task)
    const killed = { ...task, folder: `${task.folder}-killed` }
    for (const stop of ['read', 'train-tokenizer 0', 'train-tokenizer 65536', 'tokenize 0']) {
      await runUntil(killed, stop)
    }
    await ingestCorpus(killed)
    expect(fingerprint(killed.folder)).toEqual(fingerprint(task.folder))
  })
})

describe('a full disk', () => {
  const last = (output: string) => output.trim().split('\n').at(-1)

  test.skipIf(!canMount())('is said, and once there is room the ingestion goes on', async () => {
    const task = someTask()
    const { hash } = await ingestCorpus(task)
    const disk = newFolder()
    const child = childOf({ ...task, folder: path.join(disk, 'corpus') }).slice(1)
    const script = `
      mount -t tmpfs -o size=1m tmpfs "$DISK" && "$@"
      mount -o remount,size=3m "$DISK" && "$@"
      mount -o remount,size=64m "$DISK" && "$@"`
    const { stdout } = await promisify(execFile)(
      'unshare',
      ['-Urm', 'sh', '-c', script, 'sh', process.execPath, ...child],
      { env: { ...process.env, DISK: disk } },
    )
    const ends = stdout.split('\n').filter((line) => /^(error|hash)/.test(line))
    expect(ends).toEqual([
      expect.stringMatching(/^error disk-full .*ENOSPC/),
      expect.stringMatching(/^error disk-full .*ENOSPC/),
      `hash ${hash}`,
    ])
  })

  test.skipIf(process.platform === 'win32')('may be a limit on the size of files', async () => {
    const task = someTask()
    const run = promisify(execFile)
    const limited = ['-c', 'ulimit -f 1000 && exec "$@"', 'sh', ...childOf(task)]
    expect(last((await run('sh', limited)).stdout)).toMatch(/^error disk-full .*EFBIG/)
    const { hash } = await ingestCorpus(task)
    const [command, ...args] = childOf(task)
    expect(last((await run(command, args)).stdout)).toBe(`hash ${hash}`)
  })
})

describe('a document of 200 MB on one line', () => {
  /** Reads files as one domain that skips, and prints by how much memory grew (bytes), and what was skipped. */
  const READ = `
    const [module, task] = process.argv.slice(1)
    const { ingestCorpus } = await import(module)
    const parsed = JSON.parse(task)
    const small = { ...parsed, folder: parsed.folder + '-small', domains: parsed.domains.slice(0, 1) }
    await ingestCorpus(small)
    const before = process.resourceUsage().maxRSS
    const { domains } = await ingestCorpus(parsed)
    const grown = 1024 * (process.resourceUsage().maxRSS - before)
    process.stdout.write(JSON.stringify({ grown, domains }))`

  test('is left out in every format while memory stays as it is', async () => {
    const huge = (before: string, after: string) => {
      const runs = Array.from({ length: 1600 }, () => ({ byte: 120, count: 131_072 }))
      const blocks = [Buffer.from(before), ...runs, Buffer.from(after)]
      return zstdFrame(blocks, { checksum: false })
    }
    const folder = folderWith({
      'small.jsonl': jsonLines([{ text: 'a' }]),
      'small.csv': 'text\na\n',
      'a.jsonl.zst': huge('{"text":"', '"}\n{"text":"good"}\n'),
      'b.txt.zst': huge('', ''),
      'c.csv.zst': huge('text\n"', '"\n'),
    })
    const domains = { small: ['small.jsonl', 'small.csv'], a: ['a.jsonl.zst'], b: ['b.txt.zst'] }
    const task = taskOf(folder, domains, { invalidDocuments: 'skip' })
    const args = ['--input-type=module', '-e', READ, MODULE, JSON.stringify(task)]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const { grown, domains: made } = JSON.parse(stdout)
    expect(made.map(({ skipped }: { skipped: number }) => skipped)).toEqual([0, 1, 1])
    expect(made[1].train.documents + made[1].validation.documents).toBe(1)
    expect(grown).toBeLessThan(100e6)

    const csv = taskOf(folder, { c: ['c.csv.zst'] }, { invalidDocuments: 'skip' })
    await expect(ingestCorpus(csv)).rejects.toThrow('a row is longer than')
  })
})

/** Whether a process may have a file system of its own. */
function canMount(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-mount-'))
  try {
    execFileSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}
