import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface CommandResult {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface RunningCommand {
  readonly child: ChildProcess
  /** Resolves when the output holds the text or pattern; rejects when the command ends before. */
  saying(pattern: RegExp, stream?: 'stdout' | 'stderr'): Promise<RegExpMatchArray>
  readonly result: Promise<CommandResult>
}

const CLEAN = ['DATABASE_URL', 'REDIS_URL', 'NO_COLOR', 'FORCE_COLOR']

/** Starts the built command line as users do, without what this environment says about servers and colours. */
export function startCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCommand {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !CLEAN.includes(name) && !name.startsWith('MIXWRIGHT_'),
  )
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
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
    saying: (pattern, name = 'stdout') =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = output[name].match(pattern)
          if (match) resolve(match)
        }
        child[name]?.on('data', look)
        look()
        result.then(({ code, stdout, stderr }) => {
          reject(new Error(`ended with ${code} without saying ${pattern}\n${stdout}\n${stderr}`))
        }, reject)
      }),
  }
}

export function runCommand(
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<CommandResult> {
  return startCommand(args, env).result
}

/** The body of a successful answer, as what the caller knows it to be. */
export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}
