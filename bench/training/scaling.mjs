import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { median } from '../fit/comparison.mjs'

/** Trains in worker threads, one model each, as trials do. */
async function startWorkers(name, count) {
  const program = new URL('scaling-worker.mjs', import.meta.url)
  const workers = Array.from({ length: count }, () => new Worker(program, { workerData: name }))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  return {
    /** Milliseconds until the last of `active` workers has taken its steps, by the wall and of CPU time of all. */
    async run(active, steps) {
      const [start, before] = [performance.now(), process.cpuUsage()]
      await Promise.all(
        workers.slice(0, active).map((worker) => {
          worker.postMessage(steps)
          return once(worker, 'message')
        }),
      )
      const { user, system } = process.cpuUsage(before)
      return { milliseconds: performance.now() - start, cpu: (user + system) / 1000 }
    },
    stop: () => Promise.all(workers.map((worker) => worker.terminate())),
  }
}

/**
 * Throughput of two workers over that of one, turn by turn, and the medians. By CPU time it is what two free cores would
 * give: 2 × (CPU time of a step alone) / (CPU time of a step beside another).
 */
export async function benchScaling({ name, steps }, turns) {
  const workers = await startWorkers(name, 2)
  try {
    const [ratios, cpuRatios] = [[], []]
    for (let turn = 0; turn < turns; turn++) {
      const one = await workers.run(1, 2 * steps)
      const two = await workers.run(2, 2 * steps)
      ratios.push((2 * one.milliseconds) / two.milliseconds)
      cpuRatios.push((4 * one.cpu) / two.cpu)
    }
    return { ratios, ratio: median(ratios), cpuRatios, cpuRatio: median(cpuRatios) }
  } finally {
    await workers.stop()
  }
}
