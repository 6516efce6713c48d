import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import type { CryptJob } from './crypt-job.ts'
import { CryptThread } from './crypt-thread.ts'

const folder = mkdtempSync(join(tmpdir(), 'becauth-crypt-thread-'))
const job: CryptJob = { kind: 'md5-crypt', magic: '$1$', salt: 'CCCCCCCC', digest: '3VEFvYjOvLeslZkqpLoqn.' }
const slow: CryptJob = { kind: 'sha-crypt', algorithm: 'sha512', rounds: 50_000, salt: 'x', digest: '.'.repeat(86) }

afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  vi.useRealTimers()
})

/** A password that tells a thread of these tests what to do. */
function say(word: string): { received: Uint8Array; normalised: undefined } {
  return { received: new TextEncoder().encode(word), normalised: undefined }
}

function threadRunning(name: string, code: string): CryptThread {
  const path = join(folder, `${name}.mjs`)
  writeFileSync(path, `import { parentPort } from 'node:worker_threads'\nlet count = 0\n${code}`)
  return new CryptThread({ url: pathToFileURL(path) })
}

function obedient(name: string): CryptThread {
  return threadRunning(
    name,
    `parentPort.on('message', ({ passwords }) => {
       count += 1
       const word = Buffer.from(passwords[0]).toString()
       if (word === 'exit') process.exit(1)
       if (word === 'throw') throw new Error('CANARY')
       parentPort.postMessage({ matched: word === 'first?' ? count === 1 : true })
     })`,
  )
}

describe('the thread of bcrypt and crypt(3)', () => {
  it('answers 20 parallel jobs, each its own', async () => {
    const thread = new CryptThread()
    const words = Array.from({ length: 20 }, (_, index) => (index % 3 === 0 ? '' : `wrong ${index}`))
    const answers = await Promise.all(words.map((word) => thread.matches(job, say(word), undefined)))
    expect(answers).toEqual(words.map((word) => word === ''))
  })

  it('leaves the event loop free meanwhile', async () => {
    const thread = new CryptThread()
    let turns = 0
    let isOver = false
    const turn = () => {
      turns += 1
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    expect(await thread.matches(slow, say('x'), undefined)).toBe(false)
    isOver = true
    expect(turns).toBeGreaterThan(50)
  })

  it.each(['exit', 'throw'])('fails the job at which it breaks down by "%s", and no other', async (word) => {
    const thread = obedient(`breaks-${word}`)
    const jobs = ['a', word, 'b', 'c'].map((each) => thread.matches(job, say(each), undefined))
    const [first, broken, ...rest] = await Promise.allSettled(jobs)
    expect(first).toEqual({ status: 'fulfilled', value: true })
    expect(broken).toMatchObject({ status: 'rejected', reason: { code: 'crypt-thread-failed', retryable: true } })
    expect(String(broken?.status === 'rejected' && broken.reason)).not.toContain('CANARY')
    expect(rest).toEqual([
      { status: 'fulfilled', value: true },
      { status: 'fulfilled', value: true },
    ])
  })

  it('fails each job, and goes on trying, when its file is not there', async () => {
    const thread = new CryptThread({ url: pathToFileURL(join(folder, 'absent.mjs')) })
    for (const word of ['a', 'b']) {
      await expect(thread.matches(job, say(word), undefined)).rejects.toMatchObject({ code: 'crypt-thread-failed' })
    }
  })

  it('answers an Error when the computation fails', async () => {
    const thread = threadRunning(
      'fails',
      `parentPort.on('message', () => parentPort.postMessage({ matched: undefined }))`,
    )
    await expect(thread.matches(job, say('a'), undefined)).rejects.toMatchObject({ code: 'hash-unsupported' })
  })

  it('does not begin a job whose signal has aborted', async () => {
    const thread = obedient('aborted-before')
    await expect(thread.matches(job, say('exit'), AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' })
    expect(await thread.matches(job, say('first?'), undefined)).toBe(true)
  })

  it('takes a waiting job out when its signal aborts', async () => {
    const thread = obedient('aborted-waiting')
    const controller = new AbortController()
    const before = thread.matches(job, say('first?'), undefined)
    const waiting = thread.matches(job, say('exit'), controller.signal)
    const after = thread.matches(job, say('first?'), undefined)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
    expect(await before).toBe(true)
    // The second message of the same thread: "exit" never came to it.
    expect(await after).toBe(false)
  })

  it('drops the answer of a running job whose signal aborts, and answers the next one right', async () => {
    const thread = new CryptThread()
    const controller = new AbortController()
    const running = thread.matches(slow, say('x'), controller.signal)
    const next = thread.matches(job, say(''), undefined)
    controller.abort()
    await expect(running).rejects.toMatchObject({ code: 'aborted' })
    expect(await next).toBe(true)
  })

  it('leaves no listener on a signal that outlives the job', async () => {
    const { signal } = new AbortController()
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')]
    expect(await new CryptThread().matches(job, say(''), signal)).toBe(true)
    expect(removed.mock.calls[0]?.slice(0, 2)).toEqual(added.mock.calls[0]?.slice(0, 2))
  })

  it('lets 1,024 jobs wait and no more', async () => {
    const thread = obedient('full')
    const jobs = Array.from({ length: 1025 }, () => thread.matches(job, say('a'), undefined))
    await expect(thread.matches(job, say('a'), undefined)).rejects.toMatchObject({ code: 'overloaded' })
    expect(await Promise.all(jobs)).toHaveLength(1025)
  })

  it('ends after half a minute without a job, and starts again', async () => {
    const thread = obedient('idle')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    expect(await thread.matches(job, say('first?'), undefined)).toBe(true)
    vi.advanceTimersByTime(29_999)
    expect(await thread.matches(job, say('first?'), undefined)).toBe(false)
    vi.advanceTimersByTime(30_000)
    expect(await thread.matches(job, say('first?'), undefined)).toBe(true)
  })

  it('does without bcryptjs when bcrypt is not accepted; otherwise legacyFormats() names the package', () => {
    const alone = join(folder, 'alone')
    cpSync(fileURLToPath(new URL('../../../dist', import.meta.url)), join(alone, 'dist'), { recursive: true })
    cpSync(fileURLToPath(new URL('../../../package.json', import.meta.url)), join(alone, 'package.json'))
    const script = join(alone, 'script.mjs')
    writeFileSync(
      script,
      `import { legacyFormats } from './dist/password/formats/legacy-formats.js'
       try {
         legacyFormats()
       } catch (error) {
         console.log(error.name, error.message)
       }
       const [, md5Crypt] = legacyFormats({ accept: ['md5-crypt'] })
       const password = { received: new Uint8Array(), normalised: undefined }
       console.log(await md5Crypt.matches('$1$CCCCCCCC$3VEFvYjOvLeslZkqpLoqn.', password, undefined))`,
    )
    expect(execFileSync(process.execPath, [script], { timeout: 15_000, encoding: 'utf8' })).toBe(
      'TypeError legacyFormats(): bcrypt needs the package "bcryptjs", which is not installed: ' +
        'install it, or leave "bcrypt" out of "accept"\ntrue\n',
    )
  })

  it('keeps a process alive while somebody waits, and not a moment longer', () => {
    const module = new URL('../../../dist/password/formats/legacy-formats.js', import.meta.url)
    const script = join(folder, 'process.mjs')
    writeFileSync(
      script,
      `import { legacyFormats } from ${JSON.stringify(module.href)}
       const bcrypt = legacyFormats()[0]
       const stored = '$2y$05$mfFrW/T4LuwA/dDnrhzYp.RKLXWS2.iNBDHoxbeGr9Uf7OlM7E156'
       const password = { received: new TextEncoder().encode('secret'), normalised: undefined }
       console.log(await bcrypt.matches(stored, password, undefined))`,
    )
    // An idle thread ends by itself after 30 seconds, far beyond this.
    expect(execFileSync(process.execPath, [script], { timeout: 15_000, encoding: 'utf8' })).toBe('true\n')
  })
})
