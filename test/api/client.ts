import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, expect } from 'vitest'
import { createRng } from '../../src/optimizers/random.js'
import { openService, type TestService, type TestServiceOptions } from '../support/service.js'
import {
  departures,
  type OpenapiDocument,
  type SchemaChecker,
  schemaChecker,
} from './documented.js'

export const DOMAINS = ['web', 'code', 'wiki']
export const PROBLEM = {
  domains: [
    { name: 'web', tokens: 4e9 },
    { name: 'code', tokens: 1e9 },
    { name: 'wiki', tokens: 1e8 },
  ],
  metrics: [{ name: 'val_loss' }, { name: 'accuracy', direction: 'maximize' }],
}

export interface Run {
  id: string
  weights: Record<string, number>
  metrics: Record<string, number>
}

/** Runs measured by a law of the mixing-laws form, with a little noise. */
export function makeRuns(count: number, prefix = 'run'): Run[] {
  const rng = createRng(11, prefix)
  return Array.from({ length: count }, (_, i) => {
    const draws = DOMAINS.map(() => -Math.log(rng.uniformOpen()))
    const total = draws.reduce((sum, draw) => sum + draw, 0)
    const [web, code, wiki] = draws.map((draw) => draw / total)
    const loss = 2 + Math.exp(-1.5 * web + 0.4 * code - 0.5 * wiki) + 0.002 * rng.normal()
    return {
      id: `${prefix}-${i}`,
      weights: { web, code, wiki },
      metrics: { val_loss: loss, accuracy: 1 - loss / 5 },
    }
  })
}

type Request = InjectOptions & { method: 'GET' | 'POST' | 'PATCH' | 'DELETE'; url: string }

/**
 * A client of a service that runs for the tests of a file. Every answer is checked against the OpenAPI document; at the
 * end, nothing may have been logged as a warning or an error.
 */
export class TestClient {
  #service: TestService | undefined
  #document: OpenapiDocument | undefined
  #check: SchemaChecker | undefined

  constructor(options: TestServiceOptions = {}) {
    const logged: string[] = []
    beforeAll(async () => {
      this.#service = await openService({ ...options, log: (line) => logged.push(line) })
      await this.#service.app.ready()
      this.#document = JSON.parse(JSON.stringify(this.#service.app.swagger()))
      this.#check = schemaChecker(this.#document!)
    })
    afterAll(async () => {
      await this.#service?.close()
      expect(logged, 'what was logged').toEqual([])
    })
  }

  get service(): TestService {
    if (!this.#service) throw new Error('the service is not open yet')
    return this.#service
  }

  async call(request: Request) {
    const answer = await this.#service!.app.inject(request)
    const found = departures(this.#document!, this.#check!, request, answer)
    expect(found, `${request.method} ${request.url}`).toEqual([])
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body === '' ? undefined : answer.json(),
    }
  }

  get(url: string) {
    return this.call({ method: 'GET', url })
  }

  post(url: string, payload?: object) {
    return this.call({ method: 'POST', url, payload })
  }

  delete(url: string) {
    return this.call({ method: 'DELETE', url })
  }

  /**
   * A corpus with a text for each domain, uploaded and ingested.
   * @returns its id
   */
  async newCorpus(texts: Record<string, string>): Promise<string> {
    const { body } = await this.post('/v1/corpora', {
      name: 'texts',
      domains: Object.keys(texts).map((name) => ({ name })),
      settings: { tokenizer: { kind: 'bytes' }, validationFraction: 0.2 },
    })
    for (const [domain, text] of Object.entries(texts)) {
      const content = Readable.from([Buffer.from(text)])
      const source = { domain, name: `${domain}.jsonl` }
      await this.service.services.corpora.addUpload(body.id, source, content)
    }
    const { headers } = await this.post(`/v1/corpora/${body.id}/ingestions`)
    expect(await this.endOf(String(headers.location))).toMatchObject({ state: 'succeeded' })
    return body.id
  }

  /** @returns its address */
  async newStudy(changes: object = {}): Promise<string> {
    const payload = { name: 'test', problem: PROBLEM, ...changes }
    const { status, body } = await this.post('/v1/studies', payload)
    expect(status).toBe(201)
    return `/v1/studies/${body.id}`
  }

  async newFit(study: string, body: object = {}) {
    const requested = await this.post(`${study}/fits`, body)
    expect(requested.status).toBe(202)
    return requested
  }

  /** The job once it has ended, as clients learn of it: by asking again as long as the answer says so. */
  async endOf(jobUrl: string) {
    for (;;) {
      const { body, headers } = await this.get(jobUrl)
      if (!headers['retry-after']) return body
      await setTimeout(50)
    }
  }
}
