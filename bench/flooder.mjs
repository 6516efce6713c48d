// Floods one route over 200 connections until it is told to stop, then says what it was answered:
// `node flooder.mjs <url> patient`, or `rude`, which asks again at once whatever Retry-After says.
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const [, , url, manners] = process.argv
const body = 'user=ada&password=byron'
const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }
const agent = new Agent({ keepAlive: true, maxSockets: 200 })
const counts = {}
const since = performance.now()

function ask() {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent }, (response) => {
      counts[response.statusCode] = (counts[response.statusCode] ?? 0) + 1
      response.resume().once('end', () => resolve(Number(response.headers['retry-after'] ?? 0)))
    })
    sent.once('error', reject).end(body)
  })
}

async function flood() {
  for (;;) {
    const retryAfterSeconds = await ask()
    if (manners === 'patient') await sleep(retryAfterSeconds * 1000)
  }
}

process.once('message', () => {
  const seconds = (performance.now() - since) / 1000
  const perSecond = Object.entries(counts).map(([status, count]) => [status, Math.round(count / seconds)])
  process.send({ perSecond: Object.fromEntries(perSecond) }, () => process.exit(0))
})
await Promise.all(Array.from({ length: 200 }, flood))
