import type { WriteStream } from 'node:tty'
import pc from 'picocolors'

export type Colours = ReturnType<typeof pc.createColors>

/** Colours for a stream: only on a terminal, and never when NO_COLOR is set (https://no-color.org). */
export function coloursFor(stream: Pick<WriteStream, 'isTTY'> | NodeJS.WritableStream): Colours {
  const isTerminal = 'isTTY' in stream && Boolean(stream.isTTY)
  return pc.createColors(isTerminal && !process.env.NO_COLOR)
}
