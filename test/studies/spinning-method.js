import { OPTIMIZERS } from '../../dist/optimizers/registry.js'
import { run as suggest } from '../../dist/workers/threads/suggest.js'

/** Thread entry: suggestions, with a method among those there are that comes to no end. */
OPTIMIZERS.set('spinning', {
  name: 'spinning',
  paramsSchema: { type: 'object', properties: {}, additionalProperties: false },
  suggest() {
    for (;;);
  },
})

export const run = suggest
