import { type Static, Type } from 'typebox'

/**
 * How the proxy models of a fidelity are built and trained. Part of a study's problem, so it lives beside it: plain
 * schemas, from which validation, types and OpenAPI come; `training` gives them their meaning.
 */

const closed = { additionalProperties: false } as const

export const ModelSizeSchema = Type.Union(
  [Type.Literal('tiny'), Type.Literal('small'), Type.Literal('base')],
  {
    description:
      '`tiny`: width 64, 2 layers, 4 heads, context 64. `small`: width 128, 4 layers, 4 heads, context 128. ' +
      '`base`: width 256, 4 layers, 8 heads, context 128.',
  },
)
export type ModelSize = Static<typeof ModelSizeSchema>

export const ModelShapeSchema = Type.Object(
  {
    width: Type.Integer({ minimum: 8, maximum: 2048, description: 'Size of the residual stream.' }),
    layers: Type.Integer({ minimum: 1, maximum: 48 }),
    heads: Type.Integer({ minimum: 1, maximum: 64, description: 'Divides `width`.' }),
    context: Type.Integer({ minimum: 8, maximum: 2048, description: 'Tokens of one sequence.' }),
    feedForward: Type.Optional(
      Type.Integer({
        minimum: 8,
        maximum: 16_384,
        description:
          'Hidden units of the feed-forward block. Default 4 × width (GELU), 8/3 × width (SwiGLU).',
      }),
    ),
    activation: Type.Optional(
      Type.Union([Type.Literal('gelu'), Type.Literal('swiglu')], {
        description: 'Default `gelu`.',
      }),
    ),
    positions: Type.Optional(
      Type.Union([Type.Literal('learned'), Type.Literal('rotary')], {
        description: 'Default `learned`.',
      }),
    ),
  },
  { ...closed, description: 'A decoder-only transformer, by its numbers.' },
)
export type ModelShape = Static<typeof ModelShapeSchema>

export const ProxySchema = Type.Object(
  {
    model: Type.Union([ModelSizeSchema, ModelShapeSchema]),
    tokens: Type.Integer({
      minimum: 1,
      maximum: 1e12,
      description: 'Tokens each proxy is trained on, rounded up to whole batches.',
    }),
    batchSize: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 4096,
        description: 'Sequences of one step. Default 32.',
      }),
    ),
    learningRate: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description:
          'Peak learning rate. Default 0.256 / width, at most 0.01: 4e-3 tiny, 2e-3 small, 1e-3 base.',
      }),
    ),
    schedule: Type.Optional(
      Type.Union([Type.Literal('cosine'), Type.Literal('wsd')], {
        description:
          'Learning rate after warm-up: cosine decay, or stable and then linear decay. Default `cosine`.',
      }),
    ),
    warmupFraction: Type.Optional(
      Type.Number({ minimum: 0, maximum: 0.5, description: 'Share of the steps. Default 0.05.' }),
    ),
    finalFraction: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Learning rate at the end as a share of the peak. Default 0.1.',
      }),
    ),
    decayFraction: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description: '`wsd` only: share of the steps that decay. Default 0.2.',
      }),
    ),
    weightDecay: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'Decoupled (AdamW). Default 0.1.' }),
    ),
    clipNorm: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1e6,
        description: 'Largest L2 norm of the whole gradient. Default 1.',
      }),
    ),
    validationSequences: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 100_000,
        description:
          'Validation sequences of each domain, the same for every trial. Default 256, or all there are.',
      }),
    ),
    measurements: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description:
          'How often each trial is measured, evenly over its tokens, the end included. Default 4.',
      }),
    ),
    simulatedEpoching: Type.Optional(
      Type.Boolean({
        description:
          'Subsamples every domain by tokens / targetTokens, so that proxies repeat text as often as the target run would ' +
          '(arXiv 2606.07597). Takes `targetTokens`. Default false.',
      }),
    ),
    engine: Type.Optional(
      Type.Union([Type.Literal('onnx'), Type.Literal('tfjs')], {
        description:
          '`onnx`: native graphs. `tfjs`: TensorFlow.js, slower and independent. Default `onnx`.',
      }),
    ),
  },
  { ...closed, description: 'How the proxy models of this fidelity are trained.' },
)
export type ProxySpec = Static<typeof ProxySchema>
