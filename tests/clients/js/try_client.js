// Asks a gateway with the client behind optimade.science and prints what it understood, as JSON.
// npm ci && node try_client.js http://127.0.0.1:5000
'use strict'

const { Optimade } = require('optimade')

const FILTER = 'elements HAS ALL "O","Si" AND nelements=2'

async function main(base) {
  const provider = { id: 'fed', type: 'links', attributes: { base_url: base, link_type: 'child', name: 'Gateway' } }
  const client = new Optimade()
  client.providers = {}
  await client.addProvider(provider)

  const ask = (more) => client.getStructures({ providerId: 'fed', filter: FILTER, limit: 10, ...more })
  const [first] = await ask({ page: 1 })
  const [second] = await ask({ page: 2 })
  const [byOffset] = await ask({ offset: 10 })
  const [refused] = await client.getStructures({ providerId: 'fed', filter: 'nsites = ', limit: 10 })
  const [unfiltered] = await client.getStructures({ providerId: 'fed', limit: 10 })
  const ids = (answer) => answer.data.map((one) => one.id)

  const index = new Optimade({ providersUrl: `${base}/index/v1/links` })
  const listed = await index.getProviders()

  return {
    available: client.apis.fed.map((api) => api.attributes.available_endpoints),
    version: client.providers.fed.attributes.api_version,
    limits: client.providers.fed.attributes.query_limits,
    returned: first.meta.data_returned,
    pages: first.meta.pages,
    first: ids(first),
    second: ids(second),
    byOffset: ids(byOffset),
    unfiltered: unfiltered.meta.data_returned,
    refused: refused.message,
    children: Object.keys(listed).sort(),
  }
}

console.dir = () => {} // the client writes every answer there
console.log = () => {} // and every error of its own here
main(process.argv[2]).then(
  (told) => process.stdout.write(JSON.stringify(told)),
  (error) => {
    process.stderr.write(`${error.stack}\n`)
    process.exitCode = 1
  },
)
