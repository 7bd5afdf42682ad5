import type { Store } from '../store/store.js'

export interface HealthCheck {
  ok: boolean
  detail?: string
}

export interface Readiness {
  ready: boolean
  checks: Record<string, HealthCheck>
  /** Of the checks that failed, by name: for logs alone, because they name hosts, ports and users. */
  failures: Record<string, unknown>
}

export interface HealthService {
  /** Whether requests can be served: the store answers, and so does whatever else the process was started with. */
  ready(): Promise<Readiness>
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
      const failed = checks.filter(([, { ok }]) => !ok)
      return {
        ready: failed.length === 0,
        checks: Object.fromEntries(checks.map(([name, { failure: _, ...said }]) => [name, said])),
        failures: Object.fromEntries(failed.map(([name, { failure }]) => [name, failure])),
      }
    },
  }
}

async function check(
  name: string,
  probe: () => Promise<void>,
  detail?: string,
): Promise<[string, HealthCheck & { failure?: unknown }]> {
  try {
    await probe()
    return [name, { ok: true, ...(detail && { detail }) }]
  } catch (failure) {
    const said = `The ${name} does not answer. The log of the service says why.`
    return [name, { ok: false, detail: said, failure }]
  }
}
