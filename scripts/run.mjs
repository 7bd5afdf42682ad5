// Makes the clone ready, then is the command line, in this process: `node scripts/run.mjs serve`.
import { fileURLToPath } from 'node:url'
import './setup.mjs'

const LOOK_MS = 500

/**
 * npm starts its scripts by way of a shell and passes SIGTERM on to that shell, which may die of it without passing it
 * on in turn: the program would go on unseen. So it ends, cleanly, when that shell has gone.
 */
function endWithTheShell() {
  const shell = process.ppid
  const look = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(look)
    process.kill(process.pid, 'SIGTERM')
  }, LOOK_MS)
  look.unref()
}

// A set-up that failed has said so.
if (!process.exitCode) {
  if (process.env.npm_lifecycle_event && process.platform !== 'win32') endWithTheShell()
  const main = new URL('../dist/cli/main.js', import.meta.url)
  process.argv[1] = fileURLToPath(main)
  await import(main)
}
