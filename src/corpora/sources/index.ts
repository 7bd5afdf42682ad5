export { resolveSource } from './resolve-source.js'
