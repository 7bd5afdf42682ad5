import { type Static, type TObject, Type } from 'typebox'
import { DEFAULT_MAX_EPOCHS } from '../../optimizers/mixture/index.js'
import type { ExportPlan } from './types.js'

const closed = { additionalProperties: false } as const

const PathSchema = Type.String({
  minLength: 1,
  maxLength: 2000,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]+$',
  description: 'A path or name. No line breaks and no control characters.',
})

const Count = (description: string) =>
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description })

export const DEFAULT_EXPORT_SEED = 42
export const DEFAULT_BLOCK_SIZE = 2048

/** Options that are numbers, texts or switches: what an address can carry. */
export const scalarOptions = {
  seed: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 2 ** 31 - 1,
      default: DEFAULT_EXPORT_SEED,
      description: 'Seed of the draws that the target makes.',
    }),
  ),
  tokens: Type.Optional(
    Count(
      'Tokens of the whole run: gives whole counts, and shows which domains would get nothing.',
    ),
  ),
  sequenceLength: Type.Optional(
    Count('Tokens per training sample; needed to turn `tokens` into samples.'),
  ),
  batchSize: Type.Optional(Count('Sequences per optimizer step, to check where phases may begin.')),
  maxEpochs: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1e6,
      default: DEFAULT_MAX_EPOCHS,
      description: 'How often a domain that does not say may be repeated.',
    }),
  ),
  argument: Type.Optional(
    Type.Union(
      [Type.Literal('train-data-path'), Type.Literal('data-path'), Type.Literal('data-args-path')],
      {
        default: 'train-data-path',
        description:
          'The argument to write. `data-path` needs `split`; `data-args-path` gives the content of the file it names.',
      },
    ),
  ),
  split: Type.Optional(
    Type.String({
      pattern: '^\\d+(\\.\\d+)?,\\d+(\\.\\d+)?,\\d+(\\.\\d+)?$',
      maxLength: 100,
      description:
        'Three comma-separated sizes: training, validation, test; for instance `969,30,1`.',
    }),
  ),
  epochSize: Type.Optional(
    Count(
      'Samples per epoch. Default: `tokens` divided by `sequenceLength`, where both are given.',
    ),
  ),
  batchingMethod: Type.Optional(
    Type.Union(
      [
        Type.Literal('stratified'),
        Type.Literal('random'),
        Type.Literal('per_stream'),
        Type.Literal('device_per_stream'),
      ],
      { default: 'stratified', description: 'How batches are made of the streams.' },
    ),
  ),
  stoppingStrategy: Type.Optional(
    Type.Union(
      [
        Type.Literal('all_exhausted'),
        Type.Literal('first_exhausted'),
        Type.Literal('all_exhausted_without_replacement'),
      ],
      { default: 'all_exhausted', description: 'When the mixed data end.' },
    ),
  ),
  mixStrategy: Type.Optional(
    Type.Union(
      [
        Type.Literal('interleave_over'),
        Type.Literal('interleave_under'),
        Type.Literal('interleave_once'),
      ],
      { default: 'interleave_over', description: 'When the mixed data end.' },
    ),
  ),
  streaming: Type.Optional(
    Type.Boolean({ default: true, description: 'Whether the data are streamed.' }),
  ),
  blockSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 2 ** 16 - 1,
      default: DEFAULT_BLOCK_SIZE,
      description: '`mixture_block_size`: weights are multiples of one part in so many.',
    }),
  ),
  targetBudget: Type.Optional(
    Count('Tokens of the run that is simulated; goes with `experimentBudget`.'),
  ),
  experimentBudget: Type.Optional(
    Count('Tokens of the run that simulates it; goes with `targetBudget`.'),
  ),
  workers: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 1024, default: 1, description: 'Data-loading workers.' }),
  ),
  separator: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 3,
      description:
        'Splits domain names into the levels of a tree, for instance `:`. Default: one level.',
    }),
  ),
} as const

export const optionProperties = {
  ...scalarOptions,
  paths: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Union([PathSchema, Type.Array(PathSchema, { minItems: 1, maxItems: 10_000 })]),
      {
        description:
          'Domain → where its data are, as the target names it: a prefix, folder, pattern or registered name. ' +
          'Default: the name of the domain.',
      },
    ),
  ),
  localPaths: Type.Optional(
    Type.Record(Type.String(), PathSchema, {
      description: 'Domain → folder that its shards are cached in. Default: a temporary one.',
    }),
  ),
  validPaths: Type.Optional(
    Type.Array(PathSchema, { minItems: 1, maxItems: 1000, description: 'Validation data.' }),
  ),
  testPaths: Type.Optional(
    Type.Array(PathSchema, { minItems: 1, maxItems: 1000, description: 'Test data.' }),
  ),
} as const

const AllOptionsSchema = Type.Object(optionProperties, closed)

/** Every option of every target. A target's schema has those that it takes. */
export type ExportOptions = Static<typeof AllOptionsSchema>
export type OptionName = keyof typeof optionProperties

/** The schema of a target that takes these options and no other. */
export function optionsOf(...names: readonly OptionName[]): TObject {
  return Type.Object(
    Object.fromEntries(names.map((name) => [name, optionProperties[name]])),
    closed,
  )
}

/** How often the domain may be repeated, as the study or else the caller has it. */
export function maxEpochsOf(
  name: string,
  { domains }: Pick<ExportPlan, 'domains'>,
  options: ExportOptions,
): number {
  return domains.get(name)?.maxEpochs ?? options.maxEpochs ?? DEFAULT_MAX_EPOCHS
}
