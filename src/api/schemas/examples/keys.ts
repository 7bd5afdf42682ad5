import { examplePage } from './page.js'

const KEY_ID = '0193f0b1-2c8d-7a10-8e5f-4b7d9c1a6e32'
const ADMIN_ID = '0193f0b0-91e4-7c55-b0aa-0d3e8f27c914'

export const newKeyExample = {
  name: 'trainer on the cluster',
  scopes: ['read', 'write', 'run'],
  expiresAt: '2027-02-28T00:00:00.000Z',
}

export const keyExample = {
  id: KEY_ID,
  name: newKeyExample.name,
  prefix: 'mix_7Kq2ZtPa',
  scopes: newKeyExample.scopes,
  state: 'valid',
  createdBy: ADMIN_ID,
  rotatedFrom: null,
  createdAt: '2026-11-30T09:12:44.102Z',
  expiresAt: newKeyExample.expiresAt,
  revokedAt: null,
  lastUsedAt: '2026-11-30T10:03:17.668Z',
}

export const madeKeyExample = {
  ...keyExample,
  lastUsedAt: null,
  key: 'mix_7Kq2ZtPa_0000000000000000000000000000000000000000000',
}

export const keyPageExample = examplePage(keyExample)

export const rotatedKeyExample = {
  ...madeKeyExample,
  id: '0193f0c4-55d1-7e83-9a7c-e2b60d48f1a9',
  prefix: 'mix_Rw81mXcD',
  rotatedFrom: KEY_ID,
  key: 'mix_Rw81mXcD_0000000000000000000000000000000000000000000',
}
