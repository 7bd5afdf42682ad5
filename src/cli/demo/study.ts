import type { ProxySpec } from '../../optimizers/proxy.js'

/** Half of the goal each: what a model for technical writing is to be good at. */
export const TARGET_DOMAINS = ['docs', 'learned'] as const

export interface DemoBudget {
  /** Trials of the search. */
  trials: number
  /** Tokens of each. */
  trialTokens: number
  /** Tokens of the models that prove the recommendation. */
  proofTokens: number
}

export const DEFAULT_BUDGET: DemoBudget = {
  trials: 24,
  trialTokens: 300_000,
  proofTokens: 800_000,
}

/** Seeds of each mixture in the proof. */
export const PROOF_SEEDS = 2

export const CORPUS_SETTINGS = {
  tokenizer: { kind: 'bpe', vocabularySize: 1024 },
  validationFraction: 0.08,
} as const

/** Small batches: with few tokens, many steps learn more than large ones. */
function proxy(tokens: number): ProxySpec {
  return {
    model: {
      width: 64,
      layers: 2,
      heads: 4,
      context: 64,
      activation: 'swiglu',
      positions: 'rotary',
    },
    tokens,
    batchSize: 8,
    learningRate: 6e-3,
    measurements: 2,
    // With few tokens, measuring would take longer than training.
    validationSequences: Math.min(256, Math.ceil(tokens / 1000)),
  }
}

/** The body of `POST /v1/studies`. */
export function demoStudy(corpus: string, seed: number, budget: DemoBudget) {
  const { trialTokens, proofTokens } = budget
  return {
    name: 'demo: a model for technical writing',
    method: 'mixing-laws',
    seed,
    problem: {
      corpus,
      objective: {
        type: 'mean',
        weights: Object.fromEntries(TARGET_DOMAINS.map((name) => [`loss/${name}`, 1])),
      },
      fidelities: [
        { name: 'search', evaluator: 'proxy', proxy: proxy(trialTokens) },
        {
          name: 'proof',
          evaluator: 'proxy',
          cost: proofTokens / trialTokens,
          proxy: proxy(proofTokens),
        },
      ],
    },
  }
}
