/** Median of an array of numbers. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * Lets both sides do one task in turn, so that a busy machine slows both. Each side has run the task once before.
 * @param ours () → milliseconds
 * @param theirs () → Promise of milliseconds; undefined without a peer
 */
export async function takeTurns(task, repeats, ours, theirs) {
  ours()
  await theirs?.()
  const [oursMs, theirsMs] = [[], []]
  for (let turn = 0; turn < repeats; turn++) {
    oursMs.push(ours())
    if (theirs) theirsMs.push(await theirs())
  }
  const ratios = theirsMs.map((value, turn) => value / oursMs[turn])
  return {
    task,
    ours: { median: median(oursMs), all: oursMs },
    theirs: theirs && { median: median(theirsMs), all: theirsMs },
    ratios,
    medianRatio: theirs && median(ratios),
  }
}

/** Milliseconds of the wall clock that the work took. */
export function time(work) {
  const start = performance.now()
  work()
  return performance.now() - start
}
