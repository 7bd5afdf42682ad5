import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { problems } from '../../src/api/plugins/problems.js'
import { stopping } from '../../src/api/plugins/stopping.js'

const REQUEST = 'GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n'

test('while the service stops, work in hand is finished and new work is refused', async () => {
  const logged: string[] = []
  const logger = { level: 'warn', stream: { write: (line: string) => void logged.push(line) } }
  const app = fastify({ return503OnClosing: false, logger })
  const [entered, release, stops] = [new Signal(), new Signal(), new Signal()]
  await app.register(problems)
  await app.register(stopping)
  app.addHook('preClose', async () => stops.give())
  app.get('/slow', async () => {
    entered.give()
    await release.given
    return { done: true }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  const working = connect(port, '127.0.0.1')
  const waiting = connect(port, '127.0.0.1')
  const answers = [working, waiting].map(textOf)
  await once(waiting, 'connect')
  working.write(REQUEST)
  await entered.given
  const closed = app.close()
  await stops.given
  waiting.write(REQUEST)
  const refusal = await answers[1]
  release.give()
  await closed

  expect(await answers[0]).toMatch(/^HTTP\/1\.1 200 /)
  expect(refusal).toMatch(/^HTTP\/1\.1 503 /)
  expect(refusal).toMatch(/\r\nretry-after: \d+\r\n/i)
  expect(refusal).toContain('"code":"unavailable"')
  expect(logged, 'what was logged about it').toEqual([])
})

test('a connection over which nothing is asked does not hold up the stop', async () => {
  const app = fastify()
  await app.register(stopping)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const accepted = once(app.server, 'connection')
  const silent = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  const text = textOf(silent)
  await accepted
  await app.close()
  expect(await text).toBe('')
})

/** Something that happens once, and can be waited for. */
class Signal {
  give: () => void = () => {}
  readonly given = new Promise<void>((resolve) => {
    this.give = resolve
  })
}

async function textOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const piece of socket.setEncoding('utf8')) text += piece
  return text
}
