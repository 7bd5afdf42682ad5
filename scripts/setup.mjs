// Makes a clone ready to run: installs the packages when the lock file and node_modules disagree, and builds what is
// stale. The npm scripts call it first, because npm skips pre- and post-scripts under `ignore-scripts`. Needs nothing
// but Node. Prints nothing when there is nothing to do.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lockFile = path.join(root, 'dist', '.setup-lock')
const LOCK_POLL_MS = 200

function readJson(...parts) {
  try {
    return JSON.parse(readFileSync(path.join(root, ...parts), 'utf8'))
  } catch {
    return undefined
  }
}

/** npm writes what it has installed to a lock file of its own, which leaves out what does not fit the platform. */
function packagesAgree() {
  const wanted = readJson('package-lock.json')?.packages
  const present = readJson('node_modules', '.package-lock.json')?.packages
  if (!wanted || !present) return false
  const named = (packages) => Object.entries(packages).filter(([name]) => name !== '')
  const same = (a, b) => a.version === b?.version && a.integrity === b?.integrity
  return (
    named(wanted).every(([name, entry]) =>
      present[name] ? same(entry, present[name]) : entry.optional,
    ) && named(present).every(([name]) => wanted[name])
  )
}

function installPackages() {
  console.error('Installing the packages of package-lock.json (npm ci)')
  const args = ['ci', '--no-audit', '--no-fund']
  const npmCli = process.env.npm_execpath
  const stdio = ['ignore', 2, 2]
  const result =
    path.basename(npmCli ?? '') === 'npm-cli.js'
      ? spawnSync(process.execPath, [npmCli, ...args], { cwd: root, stdio })
      : spawnSync('npm', args, { cwd: root, stdio, shell: process.platform === 'win32' })
  if (result.status !== 0) throw new Error('npm ci failed')
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function holderOfLock() {
  try {
    return Number(readFileSync(lockFile, 'utf8'))
  } catch {
    return undefined
  }
}

function tryLock() {
  mkdirSync(path.dirname(lockFile), { recursive: true })
  try {
    writeFileSync(lockFile, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  }
}

/** A lock file without a number in it is being written, unless that was long ago. */
function isAbandoned(holder) {
  if (holder) return !isAlive(holder)
  const age = Date.now() - (statSync(lockFile, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  return age > 10_000
}

/** Two npm scripts started at once must not build over each other: the second waits for the first. */
async function withLock(work) {
  let announced = false
  while (!tryLock()) {
    const holder = holderOfLock()
    if (isAbandoned(holder)) rmSync(lockFile, { force: true })
    else {
      if (!announced) console.error(`Waiting for another set-up (process ${holder})`)
      announced = true
      await delay(LOCK_POLL_MS)
    }
  }
  try {
    await work()
  } finally {
    rmSync(lockFile, { force: true })
  }
}

async function main() {
  const { buildIsFresh, build } = await import('./build.mjs')
  if (packagesAgree() && buildIsFresh()) return
  await withLock(() => {
    if (!packagesAgree()) installPackages()
    if (!buildIsFresh()) build()
  })
}

await main().catch((error) => {
  console.error(`error: set-up failed: ${error.message}`)
  process.exitCode = 1
})
