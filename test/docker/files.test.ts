import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ENVIRONMENT_VARIABLES } from '../../src/cli/config.js'
import { DOCKER, readContext, readStages } from './dockerfile.js'

const read = (name: string) => readFileSync(new URL(name, DOCKER), 'utf8')
/** As the compose file refers to a variable of its environment. */
const variable = (text: string) => ['$', '{', text, '}'].join('')
const inRepository = (path: string) => existsSync(new URL(`../${path}`, DOCKER))

describe('the Dockerfile', () => {
  const stages = readStages()
  const last = stages.at(-1)!
  const all = stages.flatMap(({ instructions }) => instructions)
  const of = (keyword: string) =>
    last.instructions.filter((one) => one.keyword === keyword).map(({ rest }) => rest)

  test('knows every instruction it uses, and one image with a version and glibc', () => {
    const known = 'ARG CMD COPY ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL RUN USER VOLUME WORKDIR'
    expect([...new Set(all.map(({ keyword }) => keyword))].sort()).toEqual(
      known.split(' ').filter((keyword) => all.some((one) => one.keyword === keyword)),
    )
    expect(new Set(stages.map(({ image }) => image))).toEqual(new Set(['node:20-slim']))
    expect(stages.map(({ name }) => name)).toEqual(['build', 'dependencies', undefined])
  })

  test('installs what the lock file says, without scripts and, in the image, without tools', () => {
    const installs = all.filter(({ rest }) => rest.includes('npm '))
    for (const { rest } of installs) expect(rest).toMatch(/^npm ci .*--ignore-scripts/)
    expect(installs.at(-1)?.rest).toContain('--omit=dev')
    expect(of('RUN').join()).not.toContain('npm')
    expect(all.some(({ rest }) => /apt-get|curl|wget|chmod 777|sudo/.test(rest))).toBe(false)
  })

  test('copies only what is there, and what the builder is given', () => {
    const context = readContext()
    for (const path of context) expect([path, inRepository(path)]).toEqual([path, true])
    const copies = all.filter(({ keyword }) => keyword === 'COPY')
    const sources = copies
      .filter(({ rest }) => !rest.startsWith('--from='))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1))
    expect(new Set(sources)).toEqual(new Set(context))
    const names = stages.map(({ name }) => name)
    for (const { rest } of copies.filter((copy) => copy.rest.startsWith('--from='))) {
      expect(names).toContain(/^--from=(\S+)/.exec(rest)?.[1])
    }
  })

  test('runs as somebody who may do little, says how it is, and takes signals itself', () => {
    expect(of('USER')).toEqual(['node'])
    const order = last.instructions.map(({ keyword }) => keyword)
    expect(order.lastIndexOf('RUN')).toBeLessThan(order.indexOf('USER'))
    const [check] = of('HEALTHCHECK')
    const [, command] = /CMD (\[.*\])$/.exec(check) ?? []
    expect(JSON.parse(command)).toEqual(['node', '/app/docker/health-check.mjs'])
    // In this form no shell stands between the signals and the program.
    expect(JSON.parse(of('ENTRYPOINT')[0])).toEqual(['node', '/app/dist/cli/main.js'])
    expect(JSON.parse(of('CMD')[0])).toEqual(['serve'])
  })

  test('sets variables that there are', () => {
    const names = of('ENV')
      .join(' ')
      .match(/[A-Z_]+(?==)/g)!
    for (const name of names.filter((one) => one.startsWith('MIXWRIGHT_'))) {
      expect(ENVIRONMENT_VARIABLES).toContain(name)
    }
    expect(names).toContain('NODE_ENV')
  })
})

interface Service {
  image: string
  build?: { context: string; dockerfile: string }
  command?: string[]
  environment?: Record<string, string | number>
  volumes: string[]
  ports?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test: string[] }
  deploy?: { replicas: string }
  stop_grace_period?: string
}

describe('the compose file', () => {
  const text = read('compose.yaml')
  const file = parse(text, { merge: true }) as {
    services: Record<string, Service>
    volumes: Record<string, null>
  }
  const { api, worker, redis, postgres } = file.services

  test('has keys of the specification only', () => {
    expect(Object.keys(file).filter((key) => !key.startsWith('x-'))).toEqual([
      'name',
      'services',
      'volumes',
    ])
    const known = new Set(
      (
        'image build command environment volumes ports depends_on healthcheck deploy restart ' +
        'stop_grace_period security_opt cap_drop shm_size'
      ).split(' '),
    )
    for (const service of Object.values(file.services)) {
      expect(Object.keys(service).filter((key) => !known.has(key))).toEqual([])
    }
  })

  test('starts API and workers from one image, on healthy servers, with one shared folder', () => {
    expect([api.command, worker.command]).toEqual([['api'], ['worker']])
    for (const service of [api, worker]) {
      expect(service.image).toBe(`mixwright:${variable('MIXWRIGHT_TAG:-local')}`)
      expect(service.build).toEqual({ context: '..', dockerfile: 'docker/Dockerfile' })
      expect(service.volumes).toEqual(['data:/data'])
      expect(service.depends_on).toEqual({
        postgres: { condition: 'service_healthy' },
        redis: { condition: 'service_healthy' },
      })
      expect(service.environment).toMatchObject({ REDIS_URL: 'redis://redis:6379' })
      expect(Number.parseInt(service.stop_grace_period!, 10)).toBeGreaterThan(40)
      const names = Object.keys(service.environment!)
      for (const name of names) expect(ENVIRONMENT_VARIABLES).toContain(name)
    }
    expect(worker.environment?.MIXWRIGHT_WORKER_PORT).toBe(9090)
    expect(worker.ports).toBeUndefined()
  })

  test('lets Redis keep what it has, and publishes neither server', () => {
    expect(redis.command).toEqual([
      'redis-server',
      '--appendonly',
      'yes',
      '--maxmemory-policy',
      'noeviction',
    ])
    for (const service of [redis, postgres]) {
      expect(service.healthcheck?.test[0]).toBe('CMD')
      expect(service.ports).toBeUndefined()
      expect(service.image).toMatch(/:-[\w/]+:\d/)
    }
  })

  test('names every volume, and uses those it names', () => {
    const mounted = Object.values(file.services).flatMap(({ volumes }) =>
      volumes.map((volume) => volume.split(':')[0]),
    )
    expect(new Set(mounted)).toEqual(new Set(Object.keys(file.volumes)))
  })

  test('has ports for several APIs, reachable from this machine only', () => {
    expect(api.ports).toEqual([`${variable('MIXWRIGHT_API_PORTS:-127.0.0.1:8080-8083')}:8080`])
    expect(api.deploy?.replicas).toBe(variable('MIXWRIGHT_API_REPLICAS:-1'))
  })

  test('has no secret: the password has to be set, and the example has none either', () => {
    const passwords = [...text.matchAll(/\$\{POSTGRES_PASSWORD(.)/g)].map(([, next]) => next)
    expect(passwords).toEqual([':', ':'])
    expect(text.match(/\$\{POSTGRES_PASSWORD:\?/g)).toHaveLength(2)
    expect(read('.env.example')).toMatch(/^POSTGRES_PASSWORD=$/m)
    // What can be set is what the example tells of.
    const settable = new Set([...text.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name))
    const told = new Set([...read('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(([, n]) => n))
    const images = ['MIXWRIGHT_TAG', 'REDIS_IMAGE', 'POSTGRES_IMAGE']
    expect(new Set([...told, ...images])).toEqual(settable)
  })
})
