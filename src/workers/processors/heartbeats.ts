import type { JobRecord } from '../../store/records.js'

/** Progress reaches the store at most this often. */
const PROGRESS_MS = 500

type Progress = NonNullable<JobRecord['progress']>

export interface Heartbeats {
  /** Is written with a heartbeat soon, at most twice a second; only the latest counts. */
  report(progress: Progress): void
  /** Resolves when the last heartbeat under way is over. */
  stop(): Promise<void>
}

export interface HeartbeatOptions {
  beat: (progress?: Progress) => Promise<{ held: boolean; cancelRequested: boolean }>
  intervalMs: number
  /** The job is no longer this worker's. */
  onLost: () => void
  onCancelRequested: () => void
  /** A heartbeat that could not be written; the next one is tried in its turn. */
  onError: (error: unknown) => void
}

/** Shows at an interval that a job is worked on, and learns from the answer whether it still should be. */
export function startHeartbeats(options: HeartbeatOptions): Heartbeats {
  const { beat, intervalMs } = options
  let latest: Progress | undefined
  let beatenAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  let underWay: Promise<void> | undefined
  let stopped = false

  function schedule(): void {
    if (stopped || underWay) return
    clearTimeout(timer)
    const period = latest ? Math.min(PROGRESS_MS, intervalMs) : intervalMs
    timer = setTimeout(run, Math.max(0, beatenAt + period - performance.now()))
  }

  function run(): void {
    underWay = once().finally(() => {
      underWay = undefined
      beatenAt = performance.now()
      schedule()
    })
  }

  async function once(): Promise<void> {
    const progress = latest
    latest = undefined
    try {
      const { held, cancelRequested } = await beat(progress)
      if (!held) options.onLost()
      else if (cancelRequested) options.onCancelRequested()
    } catch (error) {
      latest ??= progress
      options.onError(error)
    }
  }

  schedule()
  return {
    report(progress) {
      const isFirst = latest === undefined
      latest = progress
      if (isFirst) schedule()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await underWay
    },
  }
}
