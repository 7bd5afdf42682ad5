// What the API is measured beside: Fastify with one route that does one SELECT by primary key, through the same driver on the
// same database, and nothing else. `node bare.mjs <folder of the embedded database>`, or DATABASE_URL.
import { fastify } from 'fastify'
import { openStore } from '../../dist/store/index.js'

const [, , dataFolder] = process.argv
const { DATABASE_URL: databaseUrl } = process.env
const store = await openStore(databaseUrl ? { databaseUrl } : { dataFolder })

const app = fastify()
app.get('/studies/:id', async ({ params }) => {
  const { rows } = await store.pool.query('select * from mixwright.studies where id = $1', [
    params.id,
  ])
  return rows[0]
})
await app.listen({ host: '127.0.0.1', port: 0 })
const { port } = app.server.address()

process.on('SIGTERM', async () => {
  await app.close()
  await store.close()
})
console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }))
