import type { Compute, RecommendOutcome } from '../../studies/ports.js'
import type { SearchService } from '../../studies/searches.js'
import type { Processor } from '../catalogue.js'
import { type LoadedFit, loadFitTask } from './fit-task.js'
import { type HeldJob, jobHandler, type ProcessorOptions, requireStartsLeft } from './job-course.js'

export interface FitProcessorOptions extends ProcessorOptions {
  compute: Pick<Compute, 'recommend'>
  searches: Pick<SearchService, 'advance'>
}

/** Works off a fit: computes the recommendation in a thread, and writes the result with the end of the job. */
export function createFitProcessor(options: FitProcessorOptions): Processor<'fit'> {
  const { store, worker, compute, searches } = options
  const plan = (held: HeldJob) => ({
    load: () => loadFitTask(store, held.job),
    async perform({ fitId, task, refusal }: LoadedFit) {
      requireStartsLeft(held, 'fit-failed', 'fit')
      if (!task) throw refusal
      const { signal, report: onProgress } = held
      return { fitId, result: await compute.recommend(task, { signal, onProgress }) }
    },
    finish: ({ fitId, result }: FitResult) => store.fits.finish(fitId, worker, result),
    async ended() {
      const fitting = (await store.searches.unfinished()).filter(
        ({ fitId }) => fitId === held.job.subjectId,
      )
      for (const { id } of fitting) await searches.advance(id)
    },
  })
  return {
    job: 'fit',
    handle: jobHandler(options, { kind: 'fit', title: 'fit', failure: 'fit-failed', plan }),
  }
}

interface FitResult {
  fitId: string
  result: RecommendOutcome
}
