import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MAIN, startCommand } from './support.js'

test('a command whose reader goes away ends as if it had been read', async () => {
  const { child, result } = startCommand(['methods', '--json'])
  // Closed long before the command has started to print.
  child.stdout?.destroy()
  expect(await result).toMatchObject({ code: 0, stderr: '' })
})

test.skipIf(!existsSync('/dev/full'))(
  'output that cannot be written is a failure, in one sentence and with no stack',
  async () => {
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [MAIN, 'methods'], { stdio: ['ignore', full, 'pipe'] })
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const [code] = await once(child, 'close')
    closeSync(full)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: the output cannot be written: ENOSPC.*\nfix: .*\n$/)
  },
)
