import { LEARNING_RATE } from './sizes.mjs'

/** A learner of one of our engines behind the same face as the peer: `run(first, steps)`. */
export async function startEngine(engine, { spec, batches }, options) {
  const learner = await engine.open(spec, options)
  return {
    async run(first, steps) {
      const [start, cpu] = [performance.now(), process.cpuUsage()]
      const losses = []
      for (let i = first; i < first + steps; i++) {
        losses.push((await learner.step(batches[i % batches.length], LEARNING_RATE)).loss)
      }
      const { user, system } = process.cpuUsage(cpu)
      return { milliseconds: performance.now() - start, cpu: (user + system) / 1000, losses }
    },
    stop: () => learner.close(),
  }
}
