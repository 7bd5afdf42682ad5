import { createHash } from 'node:crypto'
import { completeProxySpec } from './proxy-spec.js'
import type { ProxyRun } from './types.js'

/**
 * SHA-256 (hex) of all that fixes what a run computes, but for the text itself, of which it holds the lengths: a checkpoint
 * with the same hash can be gone on from.
 */
export function runHash(run: ProxyRun): string {
  const { model } = run
  const parts = [
    // Completing it again puts its fields in order, whatever store it came through.
    completeProxySpec(run.spec),
    [model.vocabulary, model.width, model.layers, model.heads, model.feedForward],
    [model.context, model.activation, model.positions],
    run.domains.map(({ name, train, validation, bytesPerToken }) => [
      name,
      Object.hasOwn(run.weights, name) ? run.weights[name] : 0,
      train.length,
      validation.length,
      bytesPerToken,
    ]),
    [run.seed, run.initialSeed ?? run.seed, run.studySeed, run.targetTokens ?? null],
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
