import DataLoader from 'dataloader'
import { RecentlyUsed } from '../../recently-used.js'

/** Calls that go together into one statement. */
const MOST_AT_ONCE = 100

const STUDIES_KEPT = 256

/**
 * A function whose calls run together: one that comes while others run waits for their end, and then runs with all that came
 * meanwhile. Many callers at a time cost one round trip, and what is read was so after it was asked for.
 *
 * @param run what becomes of each input: nothing for `undefined`, and an Error for the caller of that one alone. When it
 * rejects, all callers hear of it.
 * @see https://github.com/graphql/dataloader
 */
export function inBatches<Input, Output>(
  run: (inputs: readonly Input[]) => Promise<ReadonlyMap<Input, Output | Error>>,
): (input: Input) => Promise<Output | undefined> {
  let running: Promise<unknown> = Promise.resolve()
  let before = running
  const loader = new DataLoader<Input, Output | undefined>(
    async (inputs) => {
      const outputs = run([...new Set(inputs)])
      running = outputs.catch(() => {})
      const found = await outputs
      return inputs.map((input) => found.get(input))
    },
    {
      cache: false,
      maxBatchSize: MOST_AT_ONCE,
      // Also behind those that wait themselves, when more come than go together.
      batchScheduleFn: (dispatch) => {
        before = before.then(() => {
          dispatch()
          return running
        })
      },
    },
  )
  return (input) => loader.load(input)
}

/** The same, where calls for one study do not wait for those for another. */
export function inBatchesByStudy<Input, Output>(
  run: (studyId: string, inputs: readonly Input[]) => Promise<ReadonlyMap<Input, Output | Error>>,
): (studyId: string, input: Input) => Promise<Output | undefined> {
  const studies = new RecentlyUsed<(input: Input) => Promise<Output | undefined>>(STUDIES_KEPT)
  return (studyId, input) =>
    studies.get(studyId, () => inBatches((inputs: readonly Input[]) => run(studyId, inputs)))(input)
}
