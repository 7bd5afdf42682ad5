export const TWO = { web: 0.7, code: 0.3 }

/** Names that are words, numbers or syntax somewhere; one weight that needs an exponent, and one that is 0. */
export const HARD = {
  no: 0.5,
  'it\'s "q" \\ $x': 0.25,
  '数学/é: #1': 0.2499999,
  2024: 1e-7,
  ['__proto__']: 0,
}
export const HARD_DOMAINS = ['no', 'it\'s "q" \\ $x', '数学/é: #1', '2024', '__proto__'].map(
  (name) => ({ name }),
)
