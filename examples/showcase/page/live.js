// Shows what each provider said, live, and lets one try the routes. All text goes through textContent.

import { respond } from '/digest.js'
import { bearing } from '/token.js'

const kept = 100
const list = document.querySelector('#live')
const connection = document.querySelector('#connection')
const waiting = document.querySelector('#waiting')

/** Results on the page that wait for their reasons, by the number of their attempt. */
const awaited = new Map()
let attempts = Math.floor(Math.random() * 1_000_000) * 100

const text = (name, className, content) => {
  const element = document.createElement(name)
  element.className = className
  element.textContent = content
  return element
}

const box = (name, className, ...children) => {
  const element = document.createElement(name)
  element.className = className
  element.append(...children)
  return element
}

// The live view

let arrived = []

const stream = new EventSource('/events')
stream.addEventListener('open', () => connected(true))
stream.addEventListener('error', () => connected(false))
stream.addEventListener('hello', () => {
  // The server sends what it remembers after this, so a connection that was lost and found shows nothing twice.
  arrived = []
  list.replaceChildren()
  waiting.hidden = false
})
stream.addEventListener('message', ({ data }) => {
  const entry = JSON.parse(data)
  awaited.get(entry.attempt)?.append(reasons(entry))
  awaited.delete(entry.attempt)
  if (arrived.length === 0) setTimeout(showArrived, 50)
  arrived.push(entry)
})

function connected(yes) {
  connection.className = yes ? 'on' : ''
  connection.textContent = yes ? 'connected' : 'not connected, trying again'
}

function showArrived() {
  const rows = arrived.slice(-kept).reverse().map(row)
  arrived = []
  list.prepend(...rows)
  while (list.childElementCount > kept) list.lastElementChild.remove()
  waiting.hidden = list.childElementCount > 0
}

function row({ at, method, path, status, ...entry }) {
  const time = text('time', '', new Date(at * 1000).toLocaleTimeString('en-GB'))
  const line = box('div', 'line', time, text('b', '', `${method} ${path}`), statusMark(status))
  // Pages and what other servers tell are answered without a decision.
  const { requirement } = entry.decision ?? {}
  const requires = requirement === undefined ? [] : [box('p', 'requires', 'requires ', text('code', '', requirement))]
  return box('li', 'row', line, ...requires, reasons(entry))
}

function statusMark(status) {
  if (status === undefined) return text('span', 'status quiet', 'client left')
  const tone = status < 400 ? 'good' : status < 500 ? 'bad' : 'warn'
  return text('span', `status ${tone}`, String(status))
}

/** What every provider said, in order, and what came of it. */
function reasons({ decision, digest, stale, retryAfterSeconds, notes }) {
  const said = []
  if (decision) {
    for (const provider of decision.succeeded) said.push(line('good', provider, ' says yes'))
    for (const failure of decision.failures) said.push(failureLine(failure))
    for (const { requirement, providers } of decision.denials) {
      said.push(line('bad', providers.join(', '), ` is known, but ${requirement} says no`))
    }
    if (decision.outcome === 'anonymous') said.push(line('good', '', 'goes on as nobody'))
  }
  if (digest) said.push(line('quiet', 'nonce', digestWords(digest)))
  if (stale) said.push(line('quiet', 'stale', ': the client may go on with a new nonce'))
  if (retryAfterSeconds !== undefined) said.push(line('warn', '', `come back in ${retryAfterSeconds} s`))
  for (const note of notes) said.push(line('quiet', '', note))
  return box('ul', 'said', ...said)
}

function digestWords({ nonceAgeSeconds, count }) {
  const age = nonceAgeSeconds === undefined ? ' of another make' : ` ${nonceAgeSeconds.toFixed(1)} s old`
  return count === undefined ? age : `${age}, nc ${count}`
}

function failureLine({ provider, kind, reason, meaning, detail, code }) {
  switch (kind) {
    case 'NoCredentials':
      return line('quiet', provider, ' sees no credentials of its own')
    case 'InvalidCredentials':
      return line(
        'bad',
        provider,
        ` says ${reason ?? 'no'}`,
        [meaning, detail && `(${detail})`].filter(Boolean).join(' '),
      )
    default:
      return line('warn', provider, ` cannot decide: ${code}`)
  }
}

function line(tone, provider, saying, meaning = '') {
  const parts = [text('b', '', provider), saying]
  if (meaning !== '') parts.push(' ', text('span', 'meaning', meaning))
  return box('li', tone, ...parts)
}

// Trying routes

for (const group of document.querySelectorAll('.attempts')) group.hidden = false

document.addEventListener('click', ({ target }) => {
  const button = target.closest('button[data-headers]')
  if (button === null) return
  const { headers, body, digest, token, times = '1' } = button.dataset
  const [login, bearer] = [digest, token].map((text) => text && JSON.parse(text))
  attempt(button, { headers: JSON.parse(headers), body, login, bearer, times: Number(times) })
})

document.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault()
  const body = new URLSearchParams(new FormData(event.target))
  attempt(event.submitter, { headers: {}, body, times: 1 })
})

async function attempt(button, { headers, body, login, bearer, times }) {
  const route = button.closest('.route')
  const { method, path } = route.dataset
  const result = route.querySelector('.result')
  const why = box('div', '', text('h4', '', 'Why'))
  const number = ++attempts
  const send = (more) =>
    // Without `credentials: 'omit'` a 401 would open the browser's own prompt, and a password typed there would stick.
    fetch(path, { method, headers: { ...headers, ...more }, body, credentials: 'omit', cache: 'no-store' })
  button.setAttribute('aria-busy', 'true')
  try {
    const own = bearer
      ? await bearing(bearer, { method, path })
      : login
        ? await answerChallenge(send, { method, path, body, login })
        : {}
    await Promise.all(Array.from({ length: times - 1 }, () => send(own)))
    awaited.set(number, why)
    const response = await send({ ...own, 'X-Attempt': String(number) })
    result.replaceChildren(box('div', 'answer', await answer(response), why))
  } catch {
    result.replaceChildren(text('p', 'warn', 'The showcase does not answer. Is it still running?'))
  } finally {
    button.removeAttribute('aria-busy')
  }
}

/** Asks once without credentials, as browsers do, and answers what that was refused with. */
async function answerChallenge(send, { login, ...request }) {
  const refused = await send({})
  const header = { Authorization: await respond(refused.headers.get('WWW-Authenticate'), { ...request, login }) }
  if (login.again) await send(header)
  return header
}

async function answer(response) {
  const lines = challenges(response).map((challenge) => `WWW-Authenticate: ${challenge}`)
  const retryAfter = response.headers.get('Retry-After')
  if (retryAfter !== null) lines.push(`Retry-After: ${retryAfter}`)
  const title = box('h4', '', 'Answer ', statusMark(response.status))
  return box('div', '', title, text('pre', '', [...lines, '', await response.text()].join('\n').trimStart()))
}

/** The field lines, which fetch() has joined: a new one begins with a scheme, a space and a parameter. */
function challenges({ headers }) {
  return (headers.get('WWW-Authenticate') ?? '').split(/, (?=[\w-]+ \w+=)/).filter(Boolean)
}
