import { type FieldError, MixwrightError } from '../errors.js'

/** Something wrong in an input of a command, and the option or the file that it came with; '' where no option says such a thing. */
export interface PlacedError extends FieldError {
  option?: string
}

/** The option that stands for a place in a request, by the tokens of its JSON Pointer; undefined: the pointer says it best. */
export type OptionOf = (path: readonly string[]) => string | undefined

/** A refusal of what was made from options, naming them; what is no refusal, and what names its place already, stays as it is. */
export function withOptions(error: unknown, optionOf: OptionOf): unknown {
  if (!(error instanceof MixwrightError)) return error
  const errors = error.errors.map((one: PlacedError): PlacedError => {
    const option = one.option ?? optionOf(tokensOf(one.pointer))
    return option === undefined ? one : { ...one, option }
  })
  return new MixwrightError(error.code, error.message, errors)
}

function tokensOf(pointer: string): string[] {
  const tokens = pointer.split('/').slice(1)
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** `--param key`, and of a parameter with parts the part. */
export function paramOption([key, ...inside]: readonly string[], label = ''): string {
  if (key === undefined) return '--param'
  const part = inside.length > 0 ? ` (in it ${inside.join('/')})` : ''
  return `--param ${label === '' ? key : `${label}.${key}`}${part}`
}

/**
 * The option that a part of the problem was made from.
 * @param fidelities names in the order of the problem
 */
export function problemOption(
  [field, position, key]: readonly string[],
  fidelities: readonly string[],
): string | undefined {
  if (field === 'fidelities' && key === 'cost') return `--cost ${fidelities[Number(position)]}`
  return PROBLEM_OPTIONS.get(field)
}

const PROBLEM_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['domains', '--domains'],
  ['prior', '--prior'],
  ['metrics', '--metric'],
  ['objective', '--objective'],
])
