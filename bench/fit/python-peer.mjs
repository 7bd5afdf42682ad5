import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }

function findPython(module) {
  const candidates = [process.env.MIXWRIGHT_PYTHON, '/usr/bin/python3', 'python3'].filter(Boolean)
  return candidates.find((python) => spawnSync(python, ['-c', `import ${module}`]).status === 0)
}

/**
 * A Python process that holds the same tables and answers one JSON command a line. Its times leave out the exchange of
 * data. Undefined when no Python with the module is there.
 * @param program file name beside this one
 * @param arrays name → Float64Array, which the program finds as <folder>/<name>.f64
 * @param args after the folder
 */
export async function startPythonPeer(program, module, arrays, args) {
  const python = findPython(module)
  if (!python) return undefined
  const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-bench-'))
  for (const [name, data] of Object.entries(arrays)) {
    writeFileSync(path.join(folder, `${name}.f64`), data)
  }
  const child = spawn(
    python,
    [fileURLToPath(new URL(program, import.meta.url)), folder, ...args.map(String)],
    { env: { ...process.env, ...ONE_THREAD }, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`the ${module} process ended early`)
    return JSON.parse(value)
  }
  const { version } = await answer()
  return {
    version,
    ask(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`)
      return answer()
    },
    async stop() {
      child.stdin.end()
      if (child.exitCode === null) await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}

/** Columns of equal length, one after the other. */
export function concatenate(columns) {
  return Buffer.concat(columns.map((column) => Buffer.from(column.buffer)))
}
