import { type Static, Type } from 'typebox'
import { NameSchema } from '../../optimizers/problem.js'
import type { ApiKeyRecord } from '../../store/key-contract.js'
import { keyState, type MadeKey } from '../../studies/keys.js'
import { SCOPES } from '../../studies/scopes.js'
import { closed, formatTime, IdSchema, Nullable, TimeSchema } from './common.js'
import { newKeyExample } from './examples/keys.js'

export const KeyParamsSchema = Type.Object({ keyId: IdSchema }, closed)

const LONGEST_OVERLAP_SECONDS = 30 * 24 * 60 * 60

export const ScopeSchema = Type.Enum([...SCOPES], {
  description:
    'What a key allows: `read`, `write` (create, change, delete), `run` (spend computation), `admin` (keys). None contains another.',
})

const ExpirySchema = Nullable(
  Type.String({
    format: 'date-time',
    description: 'When the key ends by itself: a time ahead, RFC 3339. null: never.',
  }),
)

export const NewKeySchema = Type.Object(
  {
    name: NameSchema,
    scopes: Type.Array(ScopeSchema, {
      minItems: 1,
      uniqueItems: true,
      description: 'Only those that the key which asks has itself.',
    }),
    expiresAt: Type.Optional(ExpirySchema),
  },
  { ...closed, description: 'A key to make.', examples: [newKeyExample] },
)

export const RotationSchema = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LONGEST_OVERLAP_SECONDS,
        description:
          'For how long the old key goes on, at most until it would have expired anyway. Default 0: it ends at once.',
      }),
    ),
    expiresAt: Type.Optional(ExpirySchema),
  },
  {
    ...closed,
    description:
      'How to rotate. Without `expiresAt` the successor lives as long as the old key was made for.',
    examples: [{ overlapSeconds: 86_400 }],
  },
)

const keyProperties = {
  id: IdSchema,
  name: Type.String(),
  prefix: Type.String({ description: 'The beginning of the key, by which to know it again.' }),
  scopes: Type.Array(ScopeSchema),
  state: Type.Enum(['valid', 'expired', 'revoked']),
  createdBy: Nullable({ ...IdSchema, description: 'The key it was made with; null: none.' }),
  rotatedFrom: Nullable({ ...IdSchema, description: 'The key it takes the place of.' }),
  createdAt: TimeSchema,
  expiresAt: Nullable(TimeSchema),
  revokedAt: Nullable(TimeSchema),
  lastUsedAt: Nullable({ ...TimeSchema, description: 'To the minute.' }),
}

export const KeySchema = Type.Object(keyProperties, {
  ...closed,
  description: 'An API key, without the key itself.',
})

export const MadeKeySchema = Type.Object(
  {
    ...keyProperties,
    key: Type.String({
      pattern: '^mix_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}$',
      description: 'The key itself. It is shown this once: only its hash is stored.',
    }),
  },
  { ...closed, description: 'A new API key.' },
)

export function viewKey(record: ApiKeyRecord): Static<typeof KeySchema> {
  const { id, name, prefix, scopes, createdBy, rotatedFrom } = record
  return {
    id,
    name,
    prefix,
    scopes,
    state: keyState(record, Date.now()),
    createdBy,
    rotatedFrom,
    createdAt: formatTime(record.createdAt),
    expiresAt: formatTime(record.expiresAt),
    revokedAt: formatTime(record.revokedAt),
    lastUsedAt: formatTime(record.lastUsedAt),
  }
}

export function viewMadeKey({ record, key }: MadeKey): Static<typeof MadeKeySchema> {
  return { ...viewKey(record), key }
}

/** What a body says about the end of a key; undefined when it says nothing. */
export function readExpiry(text: string | null | undefined): Date | null | undefined {
  return text ? new Date(text) : (text as null | undefined)
}
