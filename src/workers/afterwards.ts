import { settlesWithin } from './deadline.js'

/** What follows a job without holding up the next one. It is lost with the process: somebody has to make up for it. */
export class Afterwards {
  readonly #atWork = new Set<Promise<void>>()

  run(work: () => Promise<void>, onError: (error: unknown) => void): void {
    const ended = work()
      .catch(onError)
      .finally(() => this.#atWork.delete(ended))
    this.#atWork.add(ended)
  }

  /** Resolves when all has ended, or after the time. */
  async settle(ms: number): Promise<void> {
    await settlesWithin(Promise.all(this.#atWork), ms)
  }
}
