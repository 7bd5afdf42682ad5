/** Whether the promise settles within the time; a rejection counts as settled and is left to whoever else awaits it. */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => true,
      ),
      late,
    ])
  } finally {
    clearTimeout(timer)
  }
}

/** The promise, or a rejection with the message when it takes longer than the time. */
export async function within<T>(promise: Promise<T>, ms: number, message: string): Promise<T> {
  if (await settlesWithin(promise, ms)) return promise
  throw new Error(message)
}
