// Ends with 0 when the process in this container is ready. A worker listens where MIXWRIGHT_WORKER_PORT says.
const { MIXWRIGHT_WORKER_PORT, MIXWRIGHT_PORT } = process.env
const port = MIXWRIGHT_WORKER_PORT || MIXWRIGHT_PORT || 8080

try {
  const signal = AbortSignal.timeout(7000)
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal })
  if (!response.ok) console.error(await response.text())
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  console.error(`nothing answers at port ${port}: ${error.cause?.message ?? error.message}`)
  process.exitCode = 1
}
