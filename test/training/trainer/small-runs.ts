import type { ProxySpec } from '../../../src/optimizers/proxy.js'
import { createRng } from '../../../src/optimizers/random.js'
import { loadEngine } from '../../../src/training/engines/load-engine.js'
import { modelConfig } from '../../../src/training/model/index.js'
import {
  completeProxySpec,
  type ProxyRun,
  type ProxyRunEvent,
  trainProxy,
} from '../../../src/training/trainer/index.js'
import type { DomainTokens, TrainingEngine } from '../../../src/training/types.js'
import { tokenArray } from '../sampling/token-arrays.js'

export const VOCABULARY = 17

/** Text in which a token is, four times of five, the one before it times `factor` plus one: domains differ by their rule. */
function ruledTokens(length: number, factor: number, index: number) {
  const rng = createRng(9, `text ${factor}`, index)
  const ids = new Int32Array(length)
  for (let i = 1; i < length; i++) {
    ids[i] = rng.uniform() < 0.8 ? (ids[i - 1] * factor + 1) % VOCABULARY : rng.integer(VOCABULARY)
  }
  return tokenArray(ids)
}

export function domain(name: string, factor: number, train = 2000, validation = 200): DomainTokens {
  return {
    name,
    train: ruledTokens(train, factor, 0),
    validation: ruledTokens(validation, factor, 1),
    bytesPerToken: 2,
  }
}

export const SPEC: ProxySpec = {
  model: { width: 16, layers: 1, heads: 2, context: 8, feedForward: 32 },
  tokens: 60 * 8 * 8,
  batchSize: 8,
  learningRate: 0.01,
  validationSequences: 20,
  measurements: 3,
}

/** A run of 60 steps on two domains, small enough for a test. */
export async function smallRun(
  spec: Partial<ProxySpec> = {},
  rest: Partial<ProxyRun> = {},
): Promise<ProxyRun> {
  const complete = completeProxySpec({ ...SPEC, ...spec })
  return {
    spec: complete,
    model: modelConfig(complete.model, VOCABULARY),
    domains: [domain('threes', 3), domain('fives', 5)],
    weights: { threes: 0.75, fives: 0.25 },
    seed: 1,
    studySeed: 2,
    engine: await loadEngine('onnx'),
    ...rest,
  }
}

export type EventOf<T extends ProxyRunEvent['type']> = Extract<ProxyRunEvent, { type: T }>

export async function eventsOf(run: ProxyRun): Promise<ProxyRunEvent[]> {
  const events: ProxyRunEvent[] = []
  for await (const event of trainProxy(run)) events.push(event)
  return events
}

export function only<T extends ProxyRunEvent['type']>(
  events: readonly ProxyRunEvent[],
  type: T,
): EventOf<T>[] {
  return events.filter((event): event is EventOf<T> => event.type === type)
}

export async function finish(run: ProxyRun): Promise<EventOf<'finished'>> {
  return only(await eventsOf(run), 'finished')[0]
}

/** The engine, with a count of learners that were opened and not closed, and of steps. */
export function counting(engine: TrainingEngine): {
  engine: TrainingEngine
  open(): number
  steps(): number
} {
  let open = 0
  let steps = 0
  return {
    open: () => open,
    steps: () => steps,
    engine: {
      name: engine.name,
      async open(spec, options) {
        const learner = await engine.open(spec, options)
        open += 1
        const step = learner.step.bind(learner)
        learner.step = (sequences, learningRate) => {
          steps += 1
          return step(sequences, learningRate)
        }
        const close = learner.close.bind(learner)
        learner.close = async () => {
          open -= 1
          await close()
        }
        return learner
      },
    },
  }
}
