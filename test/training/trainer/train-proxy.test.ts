import { MessageChannel } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { loadEngine } from '../../../src/training/engines/load-engine.js'
import { trainProxy } from '../../../src/training/trainer/index.js'
import { counting, domain, eventsOf, finish, only, smallRun, VOCABULARY } from './small-runs.js'

describe('a run', () => {
  test('is measured evenly over its tokens, the end included', async () => {
    const events = await eventsOf(await smallRun())
    const measurements = only(events, 'measurement').map(({ measurement }) => measurement)
    expect(measurements.map(({ step, tokens }) => [step, tokens])).toEqual([
      [20, 20 * 64],
      [40, 40 * 64],
      [60, 60 * 64],
    ])
    const [finished] = only(events, 'finished')
    expect(events.at(-1)).toBe(finished)
    expect(finished.measurements).toEqual(measurements)
    expect(finished.learner.step).toBe(60)
    const last = only(events, 'progress').at(-1)
    expect(last).toMatchObject({ step: 60, steps: 60, tokens: 3840, totalTokens: 3840 })
    expect(last?.tokensPerSecond).toBeGreaterThan(0)
  })

  test('learns more of the domain that it sees more of', async () => {
    const losses = async (weights: Record<string, number>) => {
      const { measurements } = await finish(await smallRun({}, { weights }))
      return measurements[2].domains
    }
    const threes = await losses({ threes: 1 })
    const fives = await losses({ fives: 1 })
    expect(threes.threes.loss).toBeLessThan(Math.log(VOCABULARY) - 0.5)
    expect(threes.threes.loss).toBeLessThan(fives.threes.loss - 0.5)
    expect(fives.fives.loss).toBeLessThan(threes.fives.loss - 0.5)
  })

  test('counts epochs by the sequences drawn', async () => {
    const { measurements } = await finish(await smallRun())
    // 2000 tokens are 249 sequences of 8; 60 batches of 8 are 480, a quarter of them 120.
    expect(measurements[2].epochs).toEqual({ threes: 360 / 249, fives: 120 / 249 })
  })

  test('subsamples domains for simulated epoching', async () => {
    const run = await smallRun({ simulatedEpoching: true }, { targetTokens: 38_400 })
    const { measurements } = await finish(run)
    // A tenth of 249 sequences.
    expect(measurements[2].epochs).toEqual({ threes: 360 / 25, fives: 120 / 25 })
  })

  test('measures the learner on the same sequences, with loss, standard error and bits per byte', async () => {
    const run = await smallRun()
    const { measurements, learner: state } = await finish(run)
    const learner = await run.engine.open({
      model: run.model,
      optimizer: { beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, clipNorm: 1 },
      batchSize: 1,
      parameters: state.parameters,
    })
    // 200 tokens are 24 sequences of 8, of which 20 are taken: 0.6, 1.8, … 23.4, rounded down.
    const indices = Array.from({ length: 20 }, (_, k) => Math.floor((k + 0.5) * 1.2))
    const losses: number[] = []
    for (const index of indices) {
      const sequence = new Int32Array(9)
      run.domains[0].validation.read(index * 8, 9, sequence, 0)
      losses.push((await learner.losses(sequence))[0])
    }
    await learner.close()
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / 20
    const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / 19
    const { threes } = measurements[2].domains
    expect(threes.sequences).toBe(20)
    expect(threes.loss).toBeCloseTo(mean, 5)
    expect(threes.standardError).toBeCloseTo(Math.sqrt(variance / 20), 5)
    expect(threes.bitsPerByte).toBeCloseTo(mean / Math.log(2) / 2, 5)
  })

  test('gives the same bits for the same seed, and others for another', async () => {
    const [a, b] = [await finish(await smallRun()), await finish(await smallRun())]
    expect(a.measurements).toEqual(b.measurements)
    expect(a.learner).toEqual(b.learner)
    const other = await finish(await smallRun({}, { seed: 2 }))
    expect(other.measurements).not.toEqual(a.measurements)
  })

  test('begins with the parameters of the initial seed, where it is given', async () => {
    const first = async (rest: { seed: number; initialSeed?: number }) => {
      // A learning rate of nothing, so that what is measured is where it began.
      const run = await smallRun({ tokens: 64, learningRate: 1e-30, weightDecay: 0 }, rest)
      return (await finish(run)).measurements[0].domains
    }
    const begun = await first({ seed: 1 })
    expect(await first({ seed: 2, initialSeed: 1 })).toEqual(begun)
    expect(await first({ seed: 1, initialSeed: 2 })).not.toEqual(begun)
  })

  test('makes a checkpoint when it is asked for one', async () => {
    let asked = 0
    const checkpointRequested = () => {
      asked += 1
      return asked === 3 || asked === 7
    }
    const events = await eventsOf(await smallRun({ tokens: 10 * 64 }, { checkpointRequested }))
    expect(only(events, 'checkpoint').map(({ step }) => step)).toEqual([3, 7])
  })
})

describe.each(['onnx', 'tfjs'] as const)('a run on %s that goes on from a checkpoint', (name) => {
  test('ends with the very same measurements and parameters', async () => {
    const engine = await loadEngine(name)
    const spec = { tokens: 6 * 64, engine: name }
    const whole = await finish(await smallRun(spec, { engine }))
    const events = await eventsOf(await smallRun(spec, { engine, checkpointSeconds: 0 }))
    const checkpoints = only(events, 'checkpoint')
    expect(checkpoints.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5])
    for (const { step, bytes } of [checkpoints[0], checkpoints[2]]) {
      const resumed = await eventsOf(await smallRun(spec, { engine, resume: bytes }))
      const [finished] = only(resumed, 'finished')
      expect(finished.measurements).toEqual(whole.measurements)
      expect(finished.learner).toEqual(whole.learner)
      const measured = only(resumed, 'measurement').map(({ measurement }) => measurement.step)
      expect(measured).toEqual([2, 4, 6].filter((at) => at > step))
    }
  })
})

describe('a checkpoint of another run', () => {
  test.each([
    ['specification', { learningRate: 0.02 }, {}],
    ['mixture', {}, { weights: { threes: 0.5, fives: 0.5 } }],
    ['seed', {}, { seed: 3 }],
    ['text', {}, { domains: [domain('threes', 3), domain('fives', 5, 1999)] }],
  ])('is refused: another %s', async (_, spec, rest) => {
    const short = { tokens: 4 * 64 }
    const events = await eventsOf(await smallRun(short, { checkpointSeconds: 0 }))
    const [{ bytes }] = only(events, 'checkpoint')
    await expect(
      finish(await smallRun({ ...short, ...spec }, { ...rest, resume: bytes })),
    ).rejects.toMatchObject({
      code: 'checkpoint-unusable',
      message: expect.stringContaining('belongs to another run'),
    })
  })
})

describe('a run that is stopped', () => {
  test('ends after the step under way with the reason of the signal, and closes its learner', async () => {
    const controller = new AbortController()
    const { engine, open, steps } = counting(await loadEngine('onnx'))
    const reason = new Error('the study was cancelled')
    const run = await smallRun({}, { engine, signal: controller.signal, checkpointSeconds: 0 })
    const training = (async () => {
      for await (const event of trainProxy(run)) {
        if (event.type !== 'checkpoint') continue
        expect(open()).toBe(1)
        if (event.step === 5) controller.abort(reason)
      }
    })()
    await expect(training).rejects.toBe(reason)
    expect(steps()).toBe(5)
    expect(open()).toBe(0)
  })

  test('ends in the middle of a measurement too', async () => {
    const controller = new AbortController()
    const { engine } = counting(await loadEngine('onnx'))
    const stopping: typeof engine = {
      name: engine.name,
      async open(spec, options) {
        const learner = await engine.open(spec, options)
        const losses = learner.losses.bind(learner)
        learner.losses = (sequences) => {
          controller.abort()
          return losses(sequences)
        }
        return learner
      },
    }
    const run = await smallRun({}, { engine: stopping, signal: controller.signal })
    const seen: string[] = []
    const training = (async () => {
      for await (const event of trainProxy(run)) seen.push(event.type)
    })()
    await expect(training).rejects.toMatchObject({ name: 'AbortError' })
    expect(seen).not.toContain('measurement')
  })

  test('does not begin when the signal has aborted before', async () => {
    const { engine, open } = counting(await loadEngine('onnx'))
    const run = await smallRun({}, { engine, signal: AbortSignal.abort('no') })
    await expect(finish(run)).rejects.toBe('no')
    expect(open()).toBe(0)
  })

  test('closes its learner when nobody listens any more', async () => {
    const { engine, open } = counting(await loadEngine('onnx'))
    for await (const event of trainProxy(await smallRun({}, { engine, checkpointSeconds: 0 }))) {
      expect(event.type).toBe('checkpoint')
      break
    }
    expect(open()).toBe(0)
  })

  test('lets messages through between steps', async () => {
    const { port1, port2 } = new MessageChannel()
    const controller = new AbortController()
    port2.once('message', () => controller.abort(new Error('by message')))
    const run = await smallRun({ tokens: 1e6 }, { signal: controller.signal })
    const training = finish(run)
    port1.postMessage('stop')
    await expect(training).rejects.toThrow('by message')
    port1.close()
  })
})

describe('a run that diverges', () => {
  test('says so when losses stay far above chance, and closes its learner', async () => {
    const { engine, open } = counting(await loadEngine('onnx'))
    const far = { learningRate: 5, schedule: 'wsd', warmupFraction: 0 } as const
    const run = await smallRun({ ...far, tokens: 100 * 64 }, { engine })
    await expect(finish(run)).rejects.toMatchObject({
      code: 'training-diverged',
      message: expect.stringMatching(
        /^the training loss was \d+\.\d+ at step \d+ of 100, and above 3\.8332 \(1 nat worse than guessing\) for 20 steps in a row$/,
      ),
    })
    expect(open()).toBe(0)
  })

  test('says so when numbers overflow', async () => {
    const { engine, open } = counting(await loadEngine('onnx'))
    const run = await smallRun({ learningRate: 1e30, warmupFraction: 0 }, { engine })
    await expect(finish(run)).rejects.toMatchObject({
      code: 'training-diverged',
      message: expect.stringMatching(/(NaN|Infinity) at step \d+ of 60/),
    })
    expect(open()).toBe(0)
  })
})

describe('text that is too short', () => {
  test('for one training sequence of a domain with a weight', async () => {
    const domains = [domain('threes', 3), domain('fives', 5, 8)]
    await expect(finish(await smallRun({}, { domains }))).rejects.toMatchObject({
      code: 'domain-too-small',
      message: expect.stringContaining('domain "fives" has a weight of 0.25, but its 8 training'),
    })
  })

  test('for two validation sequences of any domain', async () => {
    const domains = [domain('threes', 3, 2000, 16), domain('fives', 5)]
    await expect(finish(await smallRun({}, { domains }))).rejects.toMatchObject({
      code: 'domain-too-small',
      message: expect.stringContaining('domain "threes" has 16 validation tokens; two sequences'),
    })
  })
})
