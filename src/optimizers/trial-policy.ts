import { type Static, Type } from 'typebox'

/** How the trials of a study are handed out and ended; unlike the problem it may be changed at any time. */

const closed = { additionalProperties: false } as const

const MEDIAN_RULE =
  'A trial is stopped when its best objective so far is worse than the median, over the other trials, of their mean objective ' +
  'up to the same number of tokens (Golovin et al. 2017, Google Vizier, §3.2.2).'

const SUCCESSIVE_HALVING =
  'Asynchronous successive halving: at each rung a trial goes on only if it is among the best 1/reduction of those that have ' +
  'reached the rung so far (Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning).'

const DEFAULTS = { minTrials: 5, minTokens: 0, reduction: 3 } as const

const MinTrials = Type.Integer({
  minimum: 2,
  maximum: 1000,
  default: DEFAULTS.minTrials,
  description: 'Other trials at the fidelity, measured as far, before any is stopped.',
})

export const MedianRuleSchema = Type.Object(
  {
    rule: Type.Literal('median'),
    minTokens: Type.Number({
      minimum: 0,
      default: DEFAULTS.minTokens,
      description: 'No trial is stopped before it has trained on so many tokens.',
    }),
    minTrials: MinTrials,
  },
  {
    ...closed,
    description: MEDIAN_RULE,
  },
)

export const SuccessiveHalvingSchema = Type.Object(
  {
    rule: Type.Literal('successive-halving'),
    minTokens: Type.Number({
      exclusiveMinimum: 0,
      description: 'Tokens of the first rung; rung k is at minTokens · reduction^k.',
    }),
    reduction: Type.Number({
      minimum: 2,
      maximum: 20,
      default: DEFAULTS.reduction,
      description: 'Of the trials that have reached a rung, the best 1/reduction go on.',
    }),
    minTrials: MinTrials,
  },
  {
    ...closed,
    description: SUCCESSIVE_HALVING,
  },
)

export type MedianRule = Static<typeof MedianRuleSchema>
export type SuccessiveHalvingRule = Static<typeof SuccessiveHalvingSchema>

export const EarlyStoppingSchema = Type.Union([MedianRuleSchema, SuccessiveHalvingSchema])
export type EarlyStopping = Static<typeof EarlyStoppingSchema>

export const TrialPolicySchema = Type.Object(
  {
    leaseSeconds: Type.Number({
      minimum: 1,
      maximum: 2_592_000,
      default: 3600,
      description:
        'How long a client that gives no sign of life keeps a trial. Every heartbeat and measurement renews it. Default 3,600.',
    }),
    maxAttempts: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 3,
      description: 'How often a trial that failed or expired is handed out in all. Default 3.',
    }),
    maxTrials: Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000 }), Type.Null()], {
      default: null,
      description:
        'Trials that are handed out to clients in all, those that they attach included; null for any number. Default null.',
    }),
    earlyStopping: Type.Union([EarlyStoppingSchema, Type.Null()], {
      default: null,
      description: 'The rule by which trials are stopped before their end. Default null: none are.',
    }),
  },
  { ...closed, description: 'How trials are handed out to clients, and ended.' },
)
export type TrialPolicy = Static<typeof TrialPolicySchema>

export const DEFAULT_TRIAL_POLICY: TrialPolicy = {
  leaseSeconds: 3600,
  maxAttempts: 3,
  maxTrials: null,
  earlyStopping: null,
}

const median = MedianRuleSchema.properties
const MedianRuleRequestSchema = Type.Object(
  {
    rule: median.rule,
    minTokens: Type.Optional(median.minTokens),
    minTrials: Type.Optional(median.minTrials),
  },
  { ...closed, description: MEDIAN_RULE },
)

const halving = SuccessiveHalvingSchema.properties
const SuccessiveHalvingRequestSchema = Type.Object(
  {
    rule: halving.rule,
    minTokens: halving.minTokens,
    reduction: Type.Optional(halving.reduction),
    minTrials: Type.Optional(halving.minTrials),
  },
  { ...closed, description: SUCCESSIVE_HALVING },
)

const policy = TrialPolicySchema.properties
/** The policy as requests give it. */
export const TrialPolicyRequestSchema = Type.Object(
  {
    leaseSeconds: Type.Optional(policy.leaseSeconds),
    maxAttempts: Type.Optional(policy.maxAttempts),
    maxTrials: Type.Optional(policy.maxTrials),
    earlyStopping: Type.Optional(
      Type.Union([MedianRuleRequestSchema, SuccessiveHalvingRequestSchema, Type.Null()], {
        description:
          'The rule by which trials are stopped before their end. Default null: none are. What is left out of a rule has its default.',
      }),
    ),
  },
  {
    ...closed,
    description:
      'How trials are handed out to clients, and ended. What is left out stays as it is; of a new study, it has its default.',
  },
)
export type TrialPolicyRequest = Static<typeof TrialPolicyRequestSchema>

/** The policy with what is asked for in place of what it has; a rule is replaced as a whole. */
export function changeTrialPolicy(current: TrialPolicy, asked: TrialPolicyRequest): TrialPolicy {
  const { earlyStopping, ...rest } = asked
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const changed: TrialPolicy = { ...current, ...given }
  if (earlyStopping === undefined) return changed
  return { ...changed, earlyStopping: earlyStopping && completeRule(earlyStopping) }
}

function completeRule(rule: NonNullable<TrialPolicyRequest['earlyStopping']>): EarlyStopping {
  const { minTrials = DEFAULTS.minTrials } = rule
  return rule.rule === 'median'
    ? { ...rule, minTokens: rule.minTokens ?? DEFAULTS.minTokens, minTrials }
    : { ...rule, reduction: rule.reduction ?? DEFAULTS.reduction, minTrials }
}
