import type { Scope } from '../store/key-contract.js'

/** What keys may allow. None contains another: `admin` makes keys, and reads nothing. */
export const SCOPES = ['read', 'write', 'run', 'admin'] as const satisfies readonly Scope[]
