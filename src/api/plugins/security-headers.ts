import helmet from '@fastify/helmet'
import fastifyPlugin from 'fastify-plugin'

/**
 * Headers by which browsers protect the service and its users. Answers are data, which nobody may frame or run.
 *
 * @see https://github.com/fastify/fastify-helmet
 */
export const securityHeaders = fastifyPlugin(
  async (app) => {
    await app.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
      },
      xFrameOptions: { action: 'deny' },
      // Whoever puts the service behind TLS knows whether that is for ever, and for which names.
      strictTransportSecurity: false,
    })
  },
  { name: 'security-headers' },
)

/** The content security policy of a page with scripts and styles of the service itself, and images within them. */
export function pagePolicy({ script, style }: { script: string[]; style: string[] }): string {
  return [
    "default-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "img-src 'self' data:",
    ["script-src 'self'", ...script].join(' '),
    "script-src-attr 'none'",
    ["style-src 'self'", ...style].join(' '),
  ].join('; ')
}
