import { type Static, Type } from 'typebox'
import { type FieldError, MixwrightError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import { didYouMean } from '../nearest-name.js'
import { findUnstorable, schemaProblems } from '../validation/index.js'
import { enumerated, quoted } from './table-problems.js'

/** How files of results are read: what in them is a run's id, a domain, a metric and a number of tokens. */

const name = { minLength: 1, maxLength: 500 } as const
const names = (description: string) =>
  Type.Record(Type.String(), Type.String(name), { maxProperties: 2_000, description })

export const ReadingOptionsSchema = Type.Object(
  {
    metricNames: Type.Optional(
      names('Name of a metric in the files → name of the metric in the study.'),
    ),
    domainNames: Type.Optional(
      names('Name of a parameter or column in the files → the domain whose weight it holds.'),
    ),
    mixturePrefix: Type.Optional(
      Type.String({
        maxLength: 200,
        description:
          'What the names of parameters or columns with weights begin with; the rest is the domain. Default `mixture.`.',
      }),
    ),
    runIdFrom: Type.Optional(
      Type.String({
        ...name,
        description:
          'What identifies a run: `file`, `folder` or `model_name` for lm-eval and olmes, `file` or `folder` for ' +
          'hf-trainer, `run_id` or `run_name` for mlflow, a column for wandb-csv.',
      }),
    ),
    tokensFrom: Type.Optional(
      Type.String({
        ...name,
        description: 'The metric, parameter or column that holds the tokens trained on.',
      }),
    ),
    tokensPerStep: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1e15,
        description: 'Tokens of one training step, for hf-trainer.',
      }),
    ),
  },
  { additionalProperties: false },
)
export type ReadingOptions = Static<typeof ReadingOptionsSchema>
export type ReadingOptionName = keyof ReadingOptions

export const DEFAULT_MIXTURE_PREFIX = 'mixture.'

/**
 * Checks options against their schema, the problem, and what a format takes.
 * @throws MixwrightError `validation-failed`
 */
export function checkReadingOptions(
  options: ReadingOptions,
  problem: CompleteProblem,
  format: {
    name: string
    options: readonly ReadingOptionName[]
    runIdFrom?: readonly string[]
  },
): void {
  const errors = [...schemaProblems(ReadingOptionsSchema, options)]
  const unstorable = findUnstorable(options)
  if (unstorable) errors.push(unstorable)
  if (errors.length === 0) errors.push(...formatErrors(options, format))
  if (errors.length === 0) {
    errors.push(
      ...targetErrors(options.metricNames, 'metricNames', 'metric', problem.metrics),
      ...targetErrors(options.domainNames, 'domainNames', 'domain', problem.domains),
    )
  }
  if (errors.length === 0) return
  const message = errors.slice(0, 5).map(({ detail }) => detail)
  throw new MixwrightError('validation-failed', message.join('; '), errors.slice(0, 100))
}

function formatErrors(
  given: ReadingOptions,
  { name: format, options, runIdFrom }: Parameters<typeof checkReadingOptions>[2],
): FieldError[] {
  const errors: FieldError[] = []
  const list = enumerated(options, 10)
  for (const option of Object.keys(given) as ReadingOptionName[]) {
    if (options.includes(option)) continue
    errors.push({
      pointer: `/${option}`,
      detail: `the format ${format} has no option ${quoted(option)}; it has ${list}`,
    })
  }
  if (runIdFrom && given.runIdFrom !== undefined && !runIdFrom.includes(given.runIdFrom)) {
    errors.push({
      pointer: '/runIdFrom',
      detail: `the format ${format} takes a run's id from ${enumerated(runIdFrom)}, not from ${quoted(given.runIdFrom)}`,
    })
  }
  return errors
}

function targetErrors(
  map: Record<string, string> | undefined,
  option: string,
  kind: string,
  known: readonly { name: string }[],
): FieldError[] {
  const list = known.map((one) => one.name)
  return Object.entries(map ?? {})
    .filter(([, target]) => !list.includes(target))
    .map(([from, target]) => ({
      pointer: `/${option}/${pointerToken(from)}`,
      detail: `the study has no ${kind} ${quoted(target)}${didYouMean(target, list)}`,
    }))
}
