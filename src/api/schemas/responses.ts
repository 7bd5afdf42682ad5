import type { TSchema } from 'typebox'

interface Header {
  type: 'string' | 'integer'
  description: string
}

interface Extras {
  /** Headers that come with the answer. */
  headers?: Record<string, Header>
  example?: unknown
}

/** A schema as the answer of a route, with a sentence about the answer. */
export function answer<T extends TSchema>(schema: T, description: string, extras: Extras = {}): T {
  const { headers, example } = extras
  return {
    ...schema,
    'x-response-description': description,
    ...(headers && { headers }),
    ...(example !== undefined && { examples: [example] }),
  }
}

/** An answer without a body. */
export function emptyAnswer(description: string) {
  return { type: 'null', description } as const
}
