import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { CommandResult } from '../cli/support.js'

export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))

/** The command of a Python that the example runs on; undefined when there is none. */
export function findPython(): string | undefined {
  const check = ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']
  return ['python3', 'python'].find((name) => spawnSync(name, check).status === 0)
}

export interface Trainer {
  readonly child: ChildProcess
  readonly result: Promise<CommandResult>
  /** Resolves when standard output holds the pattern; rejects when the trainer ends before. */
  saying(pattern: RegExp): Promise<RegExpMatchArray>
}

const CLEAN = ['MIXWRIGHT_', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY']

/** Starts a program of a user, without what this environment says about services and proxies. */
export function startTrainer(
  [command, ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
): Trainer {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !CLEAN.some((prefix) => name.startsWith(prefix)),
  )
  const child = spawn(command, args, {
    env: { ...Object.fromEntries(inherited), PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const result = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }))
  return {
    child,
    result,
    saying: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = output.stdout.match(pattern)
          if (match) resolve(match)
        }
        child.stdout.on('data', look)
        look()
        result.then(({ code, stdout, stderr }) => {
          reject(new Error(`ended with ${code} without saying ${pattern}\n${stdout}\n${stderr}`))
        }, reject)
      }),
  }
}

/** What became of a request that the network in between took. */
export type Fault = 'none' | 'busy' | 'answer-lost'

export interface SeenRequest {
  method: string
  address: string
  body: Record<string, unknown>
  headers: IncomingMessage['headers']
  fault: Fault
}

export interface Network {
  readonly url: string
  readonly seen: readonly SeenRequest[]
  close(): Promise<void>
}

/**
 * A network between clients and a service, which sees every request and may spoil it: `busy` answers 503 in the service's place,
 * `answer-lost` lets the request through and drops the connection before the answer.
 */
export async function openNetwork(
  service: string,
  spoil: (request: Omit<SeenRequest, 'fault'>) => Fault | Promise<Fault> = () => 'none',
): Promise<Network> {
  const seen: SeenRequest[] = []
  const server = createServer((incoming, outgoing) => {
    pass(service, incoming, outgoing, async (request) => {
      const fault = await spoil(request)
      seen.push({ ...request, fault })
      return fault
    }).catch(() => outgoing.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function pass(
  service: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  faultOf: (request: Omit<SeenRequest, 'fault'>) => Promise<Fault>,
): Promise<void> {
  const body = await textOf(incoming)
  const { method = '', url: address = '', headers } = incoming
  const fault = await faultOf({ method, address, headers, body: body ? JSON.parse(body) : {} })
  if (fault === 'busy') {
    outgoing.writeHead(503, { 'retry-after': '0' }).end()
    return
  }
  const { host: _, ...passedOn } = headers
  const onward = request(service + address, { method, headers: passedOn, agent: false })
  onward.end(body)
  const [answer] = (await once(onward, 'response')) as [IncomingMessage]
  const answered = await textOf(answer)
  if (fault === 'answer-lost') outgoing.destroy()
  else outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(answered)
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
