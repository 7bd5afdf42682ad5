import { Presets, SingleBar } from 'cli-progress'
import type { ProgressListener } from '../../optimizers/types.js'

const LINE_EVERY_MS = 3000

export interface ProgressView {
  show: ProgressListener
  /** Takes the bar away. Safe to call more than once. */
  stop(): void
}

const silent: ProgressView = { show() {}, stop() {} }

function onTerminal(): ProgressView {
  const bar = new SingleBar(
    {
      format: '  {bar} {percentage}%  {message}',
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barsize: 30,
    },
    Presets.shades_classic,
  )
  let started = false
  return {
    show({ done, total, message }) {
      if (started) {
        bar.setTotal(total)
        bar.update(done, { message })
      } else bar.start(total, done, { message })
      started = true
    },
    stop() {
      if (started) bar.stop()
      started = false
    },
  }
}

function asLines(): ProgressView {
  let writtenAt = Date.now()
  return {
    show({ done, total, message }) {
      const now = Date.now()
      if (now - writtenAt < LINE_EVERY_MS) return
      writtenAt = now
      const percent = total > 0 ? Math.floor((100 * done) / total) : 0
      process.stderr.write(`${percent}%  ${message}\n`)
    },
    stop() {},
  }
}

/**
 * Progress of long work on standard error: a bar on a terminal, else a line every few seconds. With `json`, standard error
 * is kept for a problem document unless a person is looking at it.
 */
export function progressView({ json }: { json: boolean }): ProgressView {
  if (process.stderr.isTTY) return onTerminal()
  return json ? silent : asLines()
}
