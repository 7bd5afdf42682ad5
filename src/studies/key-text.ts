import { createHash, randomInt } from 'node:crypto'

/** Letters and digits only: a double click selects all of it, and no shell or address needs it quoted. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PREFIX_LENGTH = 8
/** 43 characters out of 62 hold 256 bits. */
const SECRET_LENGTH = 43

const KEY = new RegExp(`^(mix_[0-9A-Za-z]{${PREFIX_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH}}$`)

/** A new key: `mix_`, eight characters by which people know it again, `_`, and the secret of 256 bits. */
export function drawKey(): { key: string; prefix: string } {
  const prefix = `mix_${draw(PREFIX_LENGTH)}`
  return { key: `${prefix}_${draw(SECRET_LENGTH)}`, prefix }
}

function draw(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
}

/** Whether the text has the form of a key. */
export function isKeyText(text: string): boolean {
  return KEY.test(text)
}

/** SHA-256 (hex). Slow hashes are for secrets that people choose: 256 random bits cannot be guessed. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}
