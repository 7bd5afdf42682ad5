import { isObject, type JsonObject, memberOf } from '../../json-object.js'
import { jsonFault, parsePythonJson } from './python-json.js'
import { formatMismatch, readWholeText, type SourceFile } from './source-file.js'

export function objectIn(object: unknown, name: string): JsonObject {
  const value = memberOf(object, name)
  return isObject(value) ? value : {}
}

export function textIn(object: unknown, name: string): string | undefined {
  const value = memberOf(object, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A file that is one JSON value. @throws MixwrightError `import-format-mismatch`, `body-too-large` */
export async function readJsonFile(
  file: SourceFile,
  format: { name: string; expects: string },
): Promise<unknown> {
  const text = await readWholeText(file, format)
  try {
    return parsePythonJson(text)
  } catch (error) {
    throw formatMismatch(file, format, jsonFault(error))
  }
}

/** What a JSON value looks like, for a file that came as something else. */
export function lookOf(value: unknown): string {
  if (Array.isArray(value)) return 'it is an array'
  if (!isObject(value)) return `it is ${value === null ? 'null' : `a ${typeof value}`}`
  if ('log_history' in value) return "it looks like a Trainer's state (hf-trainer)"
  if ('results' in value && ('versions' in value || 'n-shot' in value || 'configs' in value))
    return 'it looks like results of lm-evaluation-harness (lm-eval)'
  if ('task_name' in value && 'metrics' in value) return 'it looks like metrics of OLMES (olmes)'
  if (isObject(value.run) || (Array.isArray(value.runs) && isObject(value.runs[0]))) {
    const run = isObject(value.run) ? value.run : (value.runs as unknown[])[0]
    return isObject(memberOf(run, 'info'))
      ? 'it looks like runs of MLflow (mlflow)'
      : 'it looks like runs as JSON (json)'
  }
  const names = Object.keys(value).slice(0, 5)
  return names.length === 0
    ? 'it is an object without members'
    : `it is an object with ${names.map((name) => JSON.stringify(name.slice(0, 60))).join(', ')}`
}
