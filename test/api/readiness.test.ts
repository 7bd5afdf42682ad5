import { expect, test } from 'vitest'
import { buildWorkerApp, loggerOptions } from '../../src/api/index.js'
import { createMetrics } from '../../src/metrics/index.js'
import type { Store } from '../../src/store/store.js'
import { createHealthService } from '../../src/studies/health.js'

const SECRETS = ['db.internal', '5432', 'mixwright_user', '10.1.2.3']

test('who asks whether a service is ready learns what does not answer, and the log why', async () => {
  const lines: string[] = []
  const logger = loggerOptions('warn', { write: (line: string) => void lines.push(line) })
  const refused = async () => {
    throw new Error('password authentication failed for user "mixwright_user" at db.internal:5432')
  }
  const gone = () => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3:5432'))
  const store = { kind: 'postgresql', ping: refused } as Pick<Store, 'kind' | 'ping'> as Store
  const health = createHealthService(store, { queue: gone, bell: async () => {} })
  const metrics = createMetrics({ version: '0.0.0' })
  const app = await buildWorkerApp({ services: { health }, metrics, logger })
  const answer = await app.inject('/readyz')
  await app.close()
  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toMatchObject({
    code: 'unavailable',
    detail: 'Not ready: store, queue.',
    checks: {
      store: { ok: false, detail: expect.stringContaining('The store does not answer.') },
      queue: { ok: false, detail: expect.stringContaining('The queue does not answer.') },
      bell: { ok: true },
    },
  })
  for (const secret of SECRETS) {
    expect(answer.body).not.toContain(secret)
    expect(lines.join('')).toContain(secret)
  }
})
