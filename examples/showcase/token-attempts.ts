import { type Attempt, nothing, type TokenLogin } from './attempts.ts'

const json = { 'Content-Type': 'application/json' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
const ada: TokenLogin = { username: 'ada', password: 'lovelace' }
const alan: TokenLogin = { username: 'alan', password: 'enigma' }

/** The arguments of curl that log ada in. */
export const loginArguments: string = `--json '${JSON.stringify(ada)}'`

/** What a shell replaces by a token of ada's: it is the first member of the answer. */
export function tokenOf(base: string, resource?: string): string {
  return `$(curl -s --json '${JSON.stringify({ ...ada, resource })}' ${base}/token | cut -d'"' -f4)`
}

export const token: readonly Attempt[] = [
  { label: 'ada', headers: json, body: JSON.stringify(ada) },
  { label: 'wrong password', headers: json, body: JSON.stringify({ ...ada, password: 'byron' }) },
  { label: 'invented refresh token', headers: form, body: 'grant_type=refresh_token&refresh_token=invented' },
  { label: 'another grant', headers: form, body: 'grant_type=password&username=ada&password=lovelace' },
  nothing,
]

const adaToken: Attempt = { label: 'ada’s token', headers: {}, token: ada }
const alanToken: Attempt = { label: 'alan’s token', headers: {}, token: alan }
const opaque: Attempt = { label: 'another kind', headers: { Authorization: 'Bearer ada-token' } }

// {"alg":"none"} and {"sub":"ada"}: whoever believes it lets everybody in.
const unsigned: Attempt = {
  label: 'signed by nobody',
  headers: { Authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.' },
}

export const jwt: readonly Attempt[] = [adaToken, alanToken, opaque, unsigned, nothing]
export const orders: readonly Attempt[] = [adaToken, alanToken, nothing]
export const transfer: readonly Attempt[] = [{ ...adaToken, label: 'ada, just logged in' }, nothing]
export const dpop: readonly Attempt[] = [
  { label: 'ada with a proof', headers: {}, token: { ...ada, dpop: 'proof' } },
  { label: 'the proof twice', headers: {}, token: { ...ada, dpop: 'twice' } },
  { label: 'her token without proof', headers: {}, token: { ...ada, dpop: 'stolen' } },
  { ...adaToken, label: 'a token for everybody' },
  nothing,
]

const mcpHeaders = { ...json, Accept: 'application/json, text/event-stream' }

/** A call of a tool (MCP, tools/call), as clients write it. */
function call(tool: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } })
}

/** What the page tries at an MCP server with this identifier. */
export function mcp(resource: string): readonly Attempt[] {
  return [
    { label: 'ada: whoami', headers: mcpHeaders, body: call('whoami'), token: { ...ada, resource } },
    { label: 'ada: orders', headers: mcpHeaders, body: call('orders'), token: { ...ada, resource } },
    { label: 'alan: orders', headers: mcpHeaders, body: call('orders'), token: { ...alan, resource } },
    { label: 'a token for /jwt', headers: mcpHeaders, body: call('whoami'), token: ada },
    { label: 'nothing', headers: mcpHeaders, body: call('whoami') },
  ]
}

/** The arguments of curl that call a tool. */
export function callArguments(tool: string): string {
  return `-H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -d '${call(tool)}'`
}
