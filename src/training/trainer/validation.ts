import { MixwrightError } from '../../errors.js'
import { evenlySpacedSequences, sequenceCount } from '../sampling/index.js'
import type { DomainLoss, DomainTokens, Learner } from '../types.js'
import { checkValidation } from './divergence.js'

/** The fixed sequences that a domain's loss is measured on. */
export interface ValidationSet {
  readonly domain: string
  readonly bytesPerToken: number
  /** (n × (context + 1)) */
  readonly sequences: Int32Array
}

/** A standard error takes two. */
const FEWEST_SEQUENCES = 2

/**
 * The same for every trial on these domains: evenly spaced over the validation text.
 * @param count sequences of each domain, or all there are
 * @throws MixwrightError `domain-too-small` naming a domain with fewer than two validation sequences
 */
export function validationSets(
  domains: readonly DomainTokens[],
  context: number,
  count: number,
): ValidationSet[] {
  return domains.map(({ name, validation, bytesPerToken }) => {
    if (sequenceCount(validation, context) < FEWEST_SEQUENCES) {
      throw new MixwrightError(
        'domain-too-small',
        `domain "${name}" has ${validation.length} validation tokens; two sequences, the fewest a loss with its standard ` +
          `error takes, are ${FEWEST_SEQUENCES * context + 1}`,
      )
    }
    return {
      domain: name,
      bytesPerToken,
      sequences: evenlySpacedSequences(validation, context, count),
    }
  })
}

/**
 * Loss of every domain, a batch at a time.
 * @param pause awaited after each batch; ends the measurement by throwing
 */
export async function measureDomains(
  learner: Learner,
  sets: readonly ValidationSet[],
  step: number,
  pause: () => Promise<void>,
): Promise<Record<string, DomainLoss>> {
  const entries: [string, DomainLoss][] = []
  for (const set of sets) {
    const losses = await sequenceLosses(learner, set.sequences, pause)
    checkValidation(set.domain, losses, step)
    entries.push([set.domain, domainLoss(losses, set.bytesPerToken)])
  }
  return Object.fromEntries(entries)
}

async function sequenceLosses(
  learner: Learner,
  sequences: Int32Array,
  pause: () => Promise<void>,
): Promise<Float32Array> {
  const width = learner.model.context + 1
  const losses = new Float32Array(sequences.length / width)
  for (let row = 0; row < losses.length; row += learner.batchSize) {
    const chunk = sequences.subarray(row * width, (row + learner.batchSize) * width)
    losses.set(await learner.losses(chunk), row)
    await pause()
  }
  return losses
}

/** @param losses (n ≥ 2) mean loss of each sequence, nats per token */
export function domainLoss(losses: ArrayLike<number>, bytesPerToken: number): DomainLoss {
  const values = Float64Array.from(losses)
  const n = values.length
  const mean = values.reduce((sum, loss) => sum + loss, 0) / n
  const squares = values.reduce((sum, loss) => sum + (loss - mean) ** 2, 0)
  return {
    loss: mean,
    standardError: Math.sqrt(squares / (n - 1) / n),
    bitsPerByte: mean / Math.LN2 / bytesPerToken,
    sequences: n,
  }
}
