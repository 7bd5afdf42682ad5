export { type AppOptions, buildApp } from './app.js'
export { type ApiLimits, DEFAULT_API_LIMITS } from './limits.js'
