import type { Store } from '../store/store.js'

export interface HealthCheck {
  ok: boolean
  detail?: string
}

export interface HealthService {
  /** Whether requests can be served: the store answers, and so does whatever else the process was started with. */
  ready(): Promise<{ ready: boolean; checks: Record<string, HealthCheck> }>
}

const EMBEDDED_DURABILITY =
  'The embedded store survives a killed process; it does not promise to survive a power cut. Set DATABASE_URL for that.'

/** @param others further checks by name; a rejection makes the service not ready */
export function createHealthService(
  store: Store,
  others: Record<string, () => Promise<void>>,
): HealthService {
  return {
    async ready() {
      const checks = await Promise.all([
        check(
          'store',
          () => store.ping(),
          store.kind === 'embedded' ? EMBEDDED_DURABILITY : undefined,
        ),
        ...Object.entries(others).map(([name, probe]) => check(name, probe)),
      ])
      return { ready: checks.every(([, { ok }]) => ok), checks: Object.fromEntries(checks) }
    },
  }
}

async function check(
  name: string,
  probe: () => Promise<void>,
  detail?: string,
): Promise<[string, HealthCheck]> {
  try {
    await probe()
    return [name, { ok: true, ...(detail && { detail }) }]
  } catch (error) {
    return [name, { ok: false, detail: error instanceof Error ? error.message : String(error) }]
  }
}
