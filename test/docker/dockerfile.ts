import { readFileSync } from 'node:fs'

export const DOCKER = new URL('../../docker/', import.meta.url)

export interface Instruction {
  /** In capitals. */
  keyword: string
  rest: string
}

/** One `FROM` with what follows it. */
export interface Stage {
  image: string
  name: string | undefined
  instructions: Instruction[]
}

/** The stages of our Dockerfile: comments left out, lines that go on joined. */
export function readStages(): Stage[] {
  const text = readFileSync(new URL('Dockerfile', DOCKER), 'utf8')
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const stages: Stage[] = []
  for (const line of lines) {
    const [, keyword, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (!keyword) throw new Error(`not an instruction: ${line}`)
    if (keyword === 'FROM') {
      const [, image, name] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(rest) ?? []
      stages.push({ image, name, instructions: [] })
    } else stages.at(-1)!.instructions.push({ keyword, rest })
  }
  return stages
}

/** What the builder is given of the repository. */
export function readContext(): string[] {
  const text = readFileSync(new URL('Dockerfile.dockerignore', DOCKER), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  if (lines[0] !== '*') throw new Error('the first line must leave everything out')
  return lines.slice(1).map((line) => line.replace(/^!/, ''))
}
