import type { WriteStream } from 'node:tty'
import { MultiBar, Presets, type SingleBar } from 'cli-progress'
import type { StudyEvent } from '../../studies/events.js'
import { type Colours, coloursFor } from './colours.js'
import { type RunningTrial, TrialBoard, trialName } from './trial-board.js'

export interface TrialDisplayOptions {
  /** Trials of the search. */
  total: number
  /** Those among which its method chooses, where it does: trials are shown with them then. */
  fidelities?: readonly string[] | null
  /** Milliseconds, for the pace of plain lines. Default: the clock. */
  now?: () => number
}

/** What happens in a search, for a person to watch. */
export interface TrialDisplay {
  /** Takes an event of the search that is shown. */
  handle(event: StudyEvent): void
  /** Says something between the lines. */
  say(text: string): void
  /** Takes the bars away. Safe to call more than once. */
  close(): void
}

export type DisplayOutput = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'rows'>>

/** Bars on a terminal: one for the search, one for each trial at work. Elsewhere a line for what matters. */
export function createTrialDisplay(
  output: DisplayOutput,
  options: TrialDisplayOptions,
): TrialDisplay {
  return output.isTTY ? onTerminal(output, options) : asLines(output, options)
}

const BAR_SIZE = 24
const ROWS = 24
const LINE_EVERY_MS = 10_000

function onTerminal(output: DisplayOutput, options: TrialDisplayOptions): TrialDisplay {
  const { total } = options
  const colours = coloursFor(output)
  const board = new TrialBoard()
  const bars = new Map<string, SingleBar>()
  const screen = new MultiBar(
    {
      stream: output,
      barsize: BAR_SIZE,
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      linewrap: false,
      // Bars change their rows when one above them goes; drawn only when they change, they would stay where they were.
      forceRedraw: true,
    },
    Presets.shades_classic,
  )
  const summary = screen.create(
    total,
    0,
    { best: '' },
    { format: `  ${colours.bold('{bar} {value} of {total} trials')}{best}` },
  )
  const format = `  ${colours.cyan('{bar}')} {percentage}%  {name}  {pace}`
  let isOpen = true

  const draw = () => {
    const room = Math.max(1, (output.rows ?? ROWS) - 2)
    const visible = new Map([...board.running].slice(0, room))
    for (const [id, bar] of bars) {
      if (visible.has(id)) continue
      screen.remove(bar)
      bars.delete(id)
    }
    for (const [id, trial] of visible) {
      const payload = { name: trialName(trial.number, trial.label), pace: paceOf(trial) }
      const bar = bars.get(id) ?? screen.create(1, 0, payload, { format })
      bars.set(id, bar)
      bar.setTotal(Math.max(1, trial.totalTokens))
      bar.update(trial.tokens, payload)
    }
    summary.setTotal(total)
    summary.update(board.ended, { best: standing(board, options, colours) })
  }
  draw()
  return {
    handle(event) {
      if (!isOpen) return
      const text = remark(event, board, colours)
      board.apply(event)
      if (text) screen.log(`  ${text}\n`)
      draw()
    },
    say(text) {
      if (isOpen) screen.log(`  ${text}\n`)
      else output.write(`${text}\n`)
    },
    close() {
      if (!isOpen) return
      isOpen = false
      // What was to be said and has not been drawn yet would be lost.
      screen.update()
      screen.stop()
    },
  }
}

function asLines(output: DisplayOutput, options: TrialDisplayOptions): TrialDisplay {
  const { total, now = Date.now } = options
  const colours = coloursFor(output)
  const board = new TrialBoard()
  const write = (line: string) => void output.write(`${line}\n`)
  let writtenAt = now()
  const sayProgress = () => {
    if (now() - writtenAt < LINE_EVERY_MS) return
    writtenAt = now()
    const trials = [...board.running.values()].map(
      (trial) => `${trialName(trial.number, trial.label)} ${percentOf(trial)} %  ${paceOf(trial)}`,
    )
    write(`${board.ended} of ${total} trials; ${trials.join('; ')}`)
  }
  return {
    handle(event) {
      const text = remark(event, board, colours)
      const name = 'trialId' in event.data ? board.nameOf(event.data.trialId) : ''
      board.apply(event)
      if (text) write(text)
      else if (event.type === 'trial-completed') write(completion(event.data, name, board, options))
      else if (event.type === 'trial-progress') sayProgress()
    },
    say: write,
    close() {},
  }
}

type Completed = Extract<StudyEvent, { type: 'trial-completed' }>['data'] & { position: number }

/** What is worth a line wherever it is shown. */
function remark(event: StudyEvent, board: TrialBoard, colours: Colours): string | undefined {
  switch (event.type) {
    case 'trial-retried':
      return colours.yellow(`${board.nameOf(event.data.trialId)} goes again: ${event.data.detail}`)
    case 'trial-failed':
      return colours.red(
        `${board.nameOf(event.data.trialId)} is set aside: ${event.data.detail} (${event.data.code})`,
      )
    case 'fit-started':
      return 'all trials have ended; fitting'
    default:
      return undefined
  }
}

function completion(
  { trialId, position, objective }: Completed,
  name: string,
  board: TrialBoard,
  options: TrialDisplayOptions,
): string {
  const fidelity = board.fidelityOf(trialId)
  const place = placeOf(fidelity, options)
  const isBest = board.best.get(fidelity)?.number === position + 1
  const mark = isBest ? `, the best so far${place && ' there'}` : ''
  const who = name === trialName(undefined, '') ? trialName(position + 1, '') : name
  return `${board.ended} of ${options.total}: ${who}${place} completed, objective ${objective?.toFixed(4) ?? 'unknown'}${mark}`
}

function placeOf(fidelity: string, { fidelities }: TrialDisplayOptions): string {
  return fidelities && fidelity !== '' ? ` at ${fidelity}` : ''
}

function standing(
  { best, failed }: TrialBoard,
  options: TrialDisplayOptions,
  colours: Colours,
): string {
  const parts: string[] = []
  if (failed > 0) parts.push(colours.red(`${failed} set aside`))
  for (const one of best.values()) {
    const { number, fidelity, label, objective } = one
    const place = placeOf(fidelity, options)
    parts.push(`best${place} ${objective.toFixed(4)} by ${trialName(number, label)}`)
  }
  return parts.map((part) => `, ${part}`).join('')
}

/** For instance `loss 4.812, 52,300 tokens/s`. */
function paceOf({ loss, tokensPerSecond }: RunningTrial): string {
  if (loss === undefined || tokensPerSecond === undefined) return 'begins'
  const pace = Math.round(tokensPerSecond).toLocaleString('en')
  return `loss ${loss.toFixed(3)}, ${pace} tokens/s`
}

function percentOf({ tokens, totalTokens }: RunningTrial): number {
  return totalTokens > 0 ? Math.floor((100 * tokens) / totalTokens) : 0
}
