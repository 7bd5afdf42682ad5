import type { TSchema } from 'typebox'
import {
  NewKeySchema,
  RotationSchema,
  readExpiry,
  viewKey,
  viewMadeKey,
} from '../../../api/schemas/keys.js'
import { MixwrightError } from '../../../errors.js'
import { findUnstorable, schemaProblems } from '../../../formats/validation/index.js'
import type { Store } from '../../../store/store.js'
import { createKeyService } from '../../../studies/keys.js'
import type { KeyPlace } from './key-place.js'

const PAGE_SIZE = 100

/** The keys of a store, checked and shown as the API does it. */
export function storedKeys(store: Pick<Store, 'apiKeys'>): KeyPlace {
  const service = createKeyService(store)
  return {
    async createKey(key) {
      refuseInvalid(NewKeySchema, key)
      const { name, scopes, expiresAt } = key
      return viewMadeKey(await service.create({ name, scopes, expiresAt: readExpiry(expiresAt) }))
    },
    async *keys() {
      let after: string | undefined
      for (;;) {
        const { items, hasMore } = await service.list({ limit: PAGE_SIZE, after })
        yield* items.map(viewKey)
        if (!hasMore) return
        after = items[items.length - 1].id
      }
    },
    key: async (id) => viewKey(await service.get(id)),
    async rotateKey(id, rotation) {
      refuseInvalid(RotationSchema, rotation)
      const { overlapSeconds, expiresAt } = rotation
      const made = await service.rotate(id, { overlapSeconds, expiresAt: readExpiry(expiresAt) })
      return viewMadeKey(made)
    },
    revokeKey: async (id) => void (await service.revoke(id)),
  }
}

function refuseInvalid(schema: TSchema, value: unknown): void {
  const unstorable = findUnstorable(value)
  const errors = [...schemaProblems(schema, value), ...(unstorable ? [unstorable] : [])]
  if (errors.length > 0) {
    throw new MixwrightError('validation-failed', 'The options are not valid.', errors)
  }
}
