import fc from 'fast-check'

/** Names that mean something to some reader. */
const NASTY = [
  ...[
    'no',
    'Yes',
    'on',
    'null',
    '~',
    'y',
    'NaN',
    '.inf',
    '1:30',
    '1_000',
    '0x1f',
    '1e5',
    '2024',
    '.5',
  ],
  ...[
    '2001-12-14',
    '=',
    '<<',
    '*a',
    '&a',
    '!a',
    '- a',
    '? a',
    'a: b',
    'a #b',
    '#a',
    '%a',
    '@a',
    '`a`',
  ],
  ...[
    '{a}',
    '[a]',
    'a, b',
    '"',
    "'",
    "it's",
    '\\',
    'a\\',
    '$HOME',
    '$(id)',
    '`id`',
    'a;b',
    'a\tb',
    '...',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'weight',
    '../a',
    '/a/b',
    's3://b/**/*.npy',
    'https://x:1/',
  ],
  ...[
    '数学',
    'é',
    'e\u0301',
    '\u{1f600}',
    'a\u200eb',
    'a\u0085b',
    'a\u007fb',
    'a\ufeffb',
    'a\u0001b',
    '"""',
  ],
  ...[
    'true',
    '-x',
    '--flag',
    'a\u00a0b',
    "'''",
    '\\u0041',
    '\\"',
    '---',
    'a'.repeat(190),
    '0',
    '10',
  ],
]

const isName = (text: string) => /^\S(.*\S)?$/.test(text) && !/[\0\p{Surrogate}]/u.test(text)

export const nameArbitrary = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter(isName),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter(isName),
)

const sizeArbitrary = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 1e-3, max: 1, noNaN: true }) },
  { weight: 2, arbitrary: fc.double({ min: 1e-12, max: 1e-3, noNaN: true }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constant(1e-9) },
)

export interface Domain {
  name: string
  weight: number
}

/** 1 to 12 domains; weights sum to 1, some of them are 0 or tiny. */
export const domainsArbitrary: fc.Arbitrary<Domain[]> = fc
  .uniqueArray(fc.tuple(nameArbitrary, sizeArbitrary), {
    minLength: 1,
    maxLength: 12,
    selector: ([name]) => name,
  })
  .filter((pairs) => pairs.some(([, size]) => size >= 1e-3))
  .map((pairs) => {
    const sum = pairs.reduce((total, [, size]) => total + size, 0)
    return pairs.map(([name, size]) => ({ name, weight: size / sum }))
  })

/** Domain → weight, with own properties whatever the names. */
export function mixtureOf(domains: readonly Domain[]): Record<string, number> {
  return Object.fromEntries(domains.map(({ name, weight }) => [name, weight]))
}

/** A path for each name that cannot be one. */
export function pathsFor(
  domains: readonly Domain[],
  isFine: (name: string) => boolean,
): Record<string, string> {
  const entries = domains.map(({ name }, i) => [name, isFine(name) ? name : `/d/${i}`])
  return Object.fromEntries(entries)
}
