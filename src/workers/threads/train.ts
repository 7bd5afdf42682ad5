import { rm } from 'node:fs/promises'
import type { MessagePort } from 'node:worker_threads'
import { domainTokens } from '../../corpora/index.js'
import type { SharedCorpus } from '../../corpora/types.js'
import { MixwrightError } from '../../errors.js'
import type { TrainEvent, TrainOutcome, TrainTask } from '../../studies/ports.js'
import {
  completeProxySpec,
  loadEngine,
  modelConfig,
  type ProxyRun,
  trainProxy,
} from '../../training/index.js'
import type { ProxyMeasurement, TrainingEngine } from '../../training/types.js'
import { readIfThere, replaceFile } from './checkpoint-file.js'
import { type Interruptible, openInterruptible } from './interruptible.js'
import { replyWith, type ThreadReply } from './replies.js'

/** How long a training that is to stop may take to come to a place where a checkpoint can be made. */
const CHECKPOINT_LIMIT_MS = 5000

export interface TrainMessage {
  task: TrainTask
  corpus: SharedCorpus
  /** Events go out. */
  port: MessagePort
}

/** Thread entry: trains one proxy. */
export function run({ task, corpus, port }: TrainMessage): Promise<ThreadReply<TrainOutcome>> {
  const interruptible = openInterruptible<TrainEvent>(port)
  return replyWith(async () => {
    const engine = await loadEngine(task.proxy.engine ?? 'onnx')
    const proxyRun = describeRun(task, corpus, engine)
    const beginAnew = async (reason: string) => {
      await rm(task.checkpointFile, { recursive: true, force: true })
      const message = `${reason}; it was removed, and the training begins anew`
      interruptible.post({ type: 'warning', message })
      return train(proxyRun, task, interruptible)
    }
    let resume: Uint8Array | undefined
    try {
      resume = await readIfThere(task.checkpointFile)
    } catch (error) {
      return beginAnew(`the checkpoint ${task.checkpointFile} cannot be read: ${messageOf(error)}`)
    }
    interruptible.signal.throwIfAborted()
    try {
      return await train({ ...proxyRun, resume }, task, interruptible)
    } catch (error) {
      if (!resume || !isUnusableCheckpoint(error)) throw error
      return await beginAnew(error.message)
    }
  })
}

const isUnusableCheckpoint = (error: unknown): error is MixwrightError =>
  error instanceof MixwrightError && error.code === 'checkpoint-unusable'

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

function describeRun(task: TrainTask, corpus: SharedCorpus, engine: TrainingEngine): ProxyRun {
  const { proxy, domains, weights, seed, initialSeed, studySeed, targetTokens, device } = task
  return {
    spec: completeProxySpec(proxy),
    model: modelConfig(proxy.model, corpus.manifest.tokenizer.vocabularySize),
    domains: domainTokens(corpus, domains),
    weights: Object.fromEntries(domains.map((name, i) => [name, weights[i]])),
    seed,
    initialSeed,
    studySeed,
    targetTokens,
    engine,
    device,
    threads: 1,
    checkpointSeconds: task.checkpointSeconds,
  }
}

async function train(
  proxyRun: ProxyRun,
  { checkpointFile }: TrainTask,
  { signal, post }: Interruptible<TrainEvent>,
): Promise<TrainOutcome> {
  const stop = stopAtCheckpoint(signal)
  const measurements = new MeasurementRelay(post)
  try {
    const events = trainProxy({
      ...proxyRun,
      signal: stop.now,
      checkpointRequested: () => signal.aborted,
    })
    for await (const event of events) {
      if (event.type === 'finished') {
        return { last: measurements.end(event.measurements), seconds: event.seconds }
      }
      if (event.type === 'measurement') measurements.hold(event.measurement)
      else measurements.release()
      if (event.type === 'progress') post(event)
      if (event.type === 'checkpoint') {
        await keepCheckpoint(checkpointFile, event.bytes, post)
        signal.throwIfAborted()
      }
    }
    throw new Error('the training ended without a measurement')
  } finally {
    stop.dispose()
  }
}

/** Once the signal is aborted the run ends with its next checkpoint, or without one when that takes too long. */
function stopAtCheckpoint(signal: AbortSignal): { now: AbortSignal; dispose: () => void } {
  const now = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const onStop = () => {
    timer = setTimeout(() => now.abort(signal.reason), CHECKPOINT_LIMIT_MS)
  }
  signal.addEventListener('abort', onStop, { once: true })
  if (signal.aborted) onStop()
  return {
    now: now.signal,
    dispose() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onStop)
    },
  }
}

/** A training can do without its checkpoint; it must not fail for the want of one. */
async function keepCheckpoint(
  file: string,
  bytes: Uint8Array,
  post: (event: TrainEvent) => void,
): Promise<void> {
  try {
    await replaceFile(file, bytes)
  } catch (error) {
    post({ type: 'warning', message: `a checkpoint cannot be written: ${messageOf(error)}` })
  }
}

/**
 * Passes measurements on one later, because the last is the outcome's. At the end come those that an earlier attempt made:
 * its process may have died before they were stored.
 */
class MeasurementRelay {
  readonly #post: (event: TrainEvent) => void
  readonly #posted = new Set<number>()
  #held: ProxyMeasurement | undefined

  constructor(post: (event: TrainEvent) => void) {
    this.#post = post
  }

  hold(measurement: ProxyMeasurement): void {
    this.release()
    this.#held = measurement
  }

  release(): void {
    if (this.#held) this.#send(this.#held)
    this.#held = undefined
  }

  end(measurements: readonly ProxyMeasurement[]): ProxyMeasurement {
    const last = measurements.at(-1)
    if (!last) throw new Error('the training ended without a measurement')
    for (const measurement of measurements.slice(0, -1)) {
      if (!this.#posted.has(measurement.step)) this.#send(measurement)
    }
    return last
  }

  #send(measurement: ProxyMeasurement): void {
    this.#posted.add(measurement.step)
    this.#post({ type: 'measurement', measurement })
  }
}
