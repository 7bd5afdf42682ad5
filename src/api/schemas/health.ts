import { Type } from 'typebox'
import { closed } from './common.js'
import { ProblemDocumentSchema } from './problems.js'

export const LiveSchema = Type.Object({ status: Type.Literal('live') }, closed)

const ChecksSchema = Type.Record(
  Type.String(),
  Type.Object({ ok: Type.Boolean(), detail: Type.Optional(Type.String()) }, closed),
  {
    description:
      'What was looked at. For the embedded store it also says what that store does not promise: to survive a power cut.',
  },
)

export const ReadySchema = Type.Object(
  { status: Type.Literal('ready'), checks: ChecksSchema },
  closed,
)

export const NotReadySchema = Type.Object(
  { ...ProblemDocumentSchema.properties, checks: ChecksSchema },
  { ...closed, description: 'A problem document that lists what was looked at.' },
)
