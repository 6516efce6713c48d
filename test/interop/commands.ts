import { spawn } from 'node:child_process'

/** What a program printed, as octets seen as Latin-1, so that nothing is lost. */
export interface Ran {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Runs a program to its end, without any proxy between it and the loopback address. */
export function run(program: string, args: readonly string[], input: Uint8Array | string = ''): Promise<Ran> {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: 'pipe' })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      output += text
    })
    child.stderr.setEncoding('latin1').on('data', (text: string) => {
      errors += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, output, errors }))
    // A program that reads no input may be gone before all of it is written.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

/** The last answer in what `curl -i` and its like printed. */
export interface Answer {
  readonly status: number
  /** The values of all field lines of this name. */
  readonly all: (name: string) => readonly string[]
  readonly body: string
}

/** Reads what `curl -i` printed. */
export function answerIn(output: string): Answer {
  // Before it come interim answers and, with --anyauth, the challenge.
  const final = output.slice(Math.max(0, output.lastIndexOf('HTTP/1.1 ')))
  const [head = '', ...rest] = final.split('\r\n\r\n')
  const [statusLine = '', ...fields] = head.split('\r\n')
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]),
    all: (name) =>
      fields
        .filter((field) => field.toLowerCase().startsWith(`${name.toLowerCase()}:`))
        .map((field) => field.slice(name.length + 1).trim()),
    body: rest.join('\r\n\r\n'),
  }
}
