import { lstat, readdir } from 'node:fs/promises'

/** Others may remove things at any time: a folder that is gone is empty. */
export async function readFolder(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isGone(error)) return []
    throw error
  }
}

/** Undefined when it is gone; a link is described itself. */
export async function statIfThere(place: string) {
  try {
    return await lstat(place)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
