// Who is killed when. Drawn beforehand from the seed; what a kill meets is up to the machine.
import { setTimeout as delay } from 'node:timers/promises'
import { createRng } from '../../dist/optimizers/random.js'
import { keepSearching } from './study.mjs'

const KINDS = ['api', 'worker', 'clients', 'redis']

/** Seconds from the start, and who: kinds take turns in random order; one of Redis's losses is of everything it had. */
function plan({ minutes, seed, 'kill-seconds': mean }) {
  const rng = createRng(seed, 'disturbances')
  const total = minutes * 60
  const kills = []
  for (let at = 0; ; ) {
    at += Math.min(3 * mean, -Math.log(rng.uniformOpen()) * mean)
    if (at >= total) break
    const kind = KINDS[kills.length % KINDS.length]
    kills.push({ at, kind, which: rng.integer(1_000_000), awaySeconds: 0.2 + 2 * rng.uniform() })
  }
  const redis = kills.filter(({ kind }) => kind === 'redis')
  const middle = redis[Math.floor(redis.length / 2)]
  if (middle) middle.kind = 'redis, emptied'
  return { kills, total }
}

/** @returns how many of each kind were killed */
export async function disturb({ deployment, clients, study, options, progress }) {
  const { kills, total } = plan(options)
  const begun = performance.now()
  const now = () => (performance.now() - begun) / 1000
  const counts = {}
  const failures = []
  const underWay = new Set()
  for (const kill of kills) {
    while (now() < kill.at) {
      await keepSearching(deployment, study)
      await delay(Math.max(0, Math.min(1000, (kill.at - now()) * 1000)))
    }
    if (now() >= total) break
    counts[kill.kind] = (counts[kill.kind] ?? 0) + 1
    progress(`kills ${kill.kind}`)
    const work = strike(kill, deployment, clients).catch((error) => failures.push(error))
    underWay.add(work)
    work.finally(() => underWay.delete(work))
  }
  while (now() < total) {
    await keepSearching(deployment, study)
    await delay(500)
  }
  await Promise.all(underWay)
  if (failures.length > 0) throw failures[0]
  return counts
}

async function strike({ kind, which, awaySeconds }, deployment, clients) {
  if (kind === 'clients') return clients.killOne(which, awaySeconds)
  const pool = { api: deployment.apis, worker: deployment.workers }[kind] ?? [deployment.redis]
  const victims = pool.filter(({ isRunning }) => isRunning)
  if (victims.length === 0) return
  const victim = victims[which % victims.length]
  await victim.kill()
  if (kind === 'redis, emptied') deployment.emptyRedis()
  await delay(awaySeconds * 1000)
  await victim.start()
}
