/** Trains proxies: from a specification, text and weights to measurements. */

export { completeProxySpec } from './proxy-spec.js'
export { trainProxy } from './train-proxy.js'
export type { CompleteProxySpec, ProxyRun, ProxyRunEvent } from './types.js'
