// Sends one request with an Idempotency-Key to the service on a folder. With `die` the process kills itself when the study is
// committed, before it answers. With `live` it prints the answer, and the studies that there are.
import { buildApp } from '../../dist/api/index.js'
import { createDataFolder, openStore } from '../../dist/store/index.js'
import { createServices } from '../../dist/studies/index.js'

const [folder, fate] = process.argv.slice(2)

const store = await openStore({ dataFolder: folder })
const services = createServices({
  store,
  compute: {},
  doorbell: { ring: async () => {} },
  dataFolder: createDataFolder(folder),
})
const create = async (input) => {
  const study = await services.studies.create(input)
  if (fate === 'die') process.kill(process.pid, 'SIGKILL')
  return study
}
const app = await buildApp({
  services: { ...services, studies: { ...services.studies, create } },
  version: '0.0.0',
})
const { statusCode, body } = await app.inject({
  method: 'POST',
  url: '/v1/studies',
  headers: { 'idempotency-key': 'the-only-key' },
  payload: {
    name: 'killed',
    problem: { domains: [{ name: 'a' }, { name: 'b' }], metrics: [{ name: 'loss' }] },
  },
})
const { items } = (await app.inject({ url: '/v1/studies' })).json()
process.stdout.write(
  JSON.stringify({ answer: { status: statusCode, body: JSON.parse(body) }, studies: items }),
)
await app.close()
await store.close()
