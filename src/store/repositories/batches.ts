import DataLoader from 'dataloader'

/** Calls that go together into one statement. */
const MOST_AT_ONCE = 100

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
  let before: Promise<unknown> = Promise.resolve()
  const loader = new DataLoader<Input, Output | undefined>(
    async (inputs) => {
      const running = run([...new Set(inputs)])
      before = running.catch(() => {})
      const outputs = await running
      return inputs.map((input) => outputs.get(input))
    },
    {
      cache: false,
      maxBatchSize: MOST_AT_ONCE,
      batchScheduleFn: (dispatch) => void before.then(dispatch),
    },
  )
  return (input) => loader.load(input)
}
