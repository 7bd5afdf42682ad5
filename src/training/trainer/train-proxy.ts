import { setImmediate } from 'node:timers/promises'
import { createRng } from '../../optimizers/random.js'
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../checkpoint.js'
import { initialParameters } from '../model/index.js'
import { createSampler, type SequenceSampler } from '../sampling/index.js'
import type { Learner } from '../types.js'
import { createLedger, type Ledger } from './ledger.js'
import { createPace } from './pace.js'
import { type TrainingPlan, trainingPlan } from './plan.js'
import { runHash } from './run-hash.js'
import { learningRateOf, optimizerOf, warmupSteps } from './settings.js'
import type { ProxyRun, ProxyRunEvent } from './types.js'
import { measureDomains, type ValidationSet, validationSets } from './validation.js'

/** What a run works with, fixed before its first step. */
interface Workshop {
  readonly run: ProxyRun
  readonly plan: TrainingPlan
  readonly sampler: SequenceSampler
  readonly sets: readonly ValidationSet[]
  readonly hash: string
}

/**
 * Trains one proxy and tells of it as it goes. The same run on the same machine gives the same measurements and parameters,
 * bit by bit, resumed from checkpoints or not. Between steps the event loop gets its turn. Whoever stops listening ends the run.
 * @throws MixwrightError `domain-too-small`, `validation-failed` (weights), `checkpoint-unusable`, `device-unavailable`,
 * `training-diverged`; the signal's reason when it aborts. The learner is closed in all cases.
 */
export async function* trainProxy(run: ProxyRun): AsyncGenerator<ProxyRunEvent, void, undefined> {
  run.signal?.throwIfAborted()
  const workshop = prepare(run)
  const checkpoint = run.resume && readCheckpoint(workshop.hash, run.resume)
  const learner = await openLearner(run, checkpoint)
  try {
    if (checkpoint) {
      workshop.sampler.restore(checkpoint.progress.sampler)
      learner.restore(checkpoint.learner)
    }
    yield* train(learner, workshop, checkpoint)
  } finally {
    await learner.close()
  }
}

function prepare(run: ProxyRun): Workshop {
  const { spec, model, domains, weights, seed, studySeed, targetTokens } = run
  const { batchSize, simulatedEpoching, validationSequences } = spec
  const { context } = model
  if (simulatedEpoching && !targetTokens) {
    throw new RangeError('simulated epoching takes the tokens of the target run')
  }
  const subsample =
    simulatedEpoching && targetTokens
      ? { ratio: spec.tokens / targetTokens, seed: studySeed }
      : undefined
  return {
    run,
    plan: trainingPlan(spec, context),
    sampler: createSampler({ domains, weights, context, batchSize, seed, subsample }),
    sets: validationSets(domains, context, validationSequences),
    hash: runHash(run),
  }
}

function openLearner(run: ProxyRun, checkpoint?: Checkpoint): Promise<Learner> {
  const { model, spec, seed, initialSeed = seed, device = 'cpu', threads = 1 } = run
  const parameters =
    checkpoint?.learner.parameters ?? initialParameters(model, createRng(initialSeed, 'parameters'))
  return run.engine.open(
    { model, optimizer: optimizerOf(spec), batchSize: spec.batchSize, parameters },
    { device, threads },
  )
}

async function* train(
  learner: Learner,
  { run, plan, sampler, sets, hash }: Workshop,
  checkpoint?: Checkpoint,
): AsyncGenerator<ProxyRunEvent, void, undefined> {
  const learningRate = learningRateOf(run.spec, plan.steps)
  const limits = {
    vocabulary: run.model.vocabulary,
    warmupSteps: warmupSteps(run.spec, plan.steps),
    steps: plan.steps,
  }
  const ledger = createLedger(plan, limits, sampler, checkpoint?.progress)
  const pace = createPace()
  const pause = async () => {
    await setImmediate()
    run.signal?.throwIfAborted()
  }
  let saved = performance.now()
  while (ledger.step < plan.steps) {
    run.signal?.throwIfAborted()
    const start = performance.now()
    const result = await learner.step(sampler.next(), learningRate(ledger.step))
    pace.add(start, result.loss)
    ledger.enter(result)
    await pause()
    if (pace.isDue() || ledger.step === plan.steps) yield progressEvent(ledger, plan, pace)
    if (ledger.isMeasured()) {
      const domains = await measureDomains(learner, sets, ledger.step, pause)
      yield { type: 'measurement', measurement: ledger.measure(domains) }
    }
    if (isCheckpointDue(run, saved) && ledger.step < plan.steps) {
      const bytes = writeCheckpoint(hash, { progress: ledger.progress(), learner: learner.state() })
      yield { type: 'checkpoint', step: ledger.step, bytes }
      saved = performance.now()
    }
  }
  const { measurements } = ledger
  yield { type: 'finished', measurements, learner: learner.state(), seconds: pace.seconds() }
}

function progressEvent(
  { step, tokens }: Ledger,
  { steps, tokensPerStep }: TrainingPlan,
  pace: ReturnType<typeof createPace>,
): ProxyRunEvent {
  const { loss, stepsPerSecond } = pace.take()
  return {
    type: 'progress',
    step,
    steps,
    tokens,
    totalTokens: steps * tokensPerStep,
    loss,
    tokensPerSecond: stepsPerSecond * tokensPerStep,
  }
}

function isCheckpointDue(
  { checkpointSeconds, checkpointRequested }: ProxyRun,
  saved: number,
): boolean {
  if (checkpointRequested?.()) return true
  return checkpointSeconds !== undefined && performance.now() - saved >= checkpointSeconds * 1000
}
