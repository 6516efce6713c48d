import type { Socket } from 'node:net'
import { type Element, elements } from './ber.ts'
import { ConnectionLost, DirectoryUnavailable } from './errors.ts'

/** The request 1.3.6.1.4.1.1466.20037 with the message id 1. */
const REQUEST = Uint8Array.from([
  0x30,
  0x1d,
  0x02,
  0x01,
  0x01,
  0x77,
  0x18,
  0x80,
  0x16,
  ...octetsOf('1.3.6.1.4.1.1466.20037'),
])
const SEQUENCE = 0x30
const INTEGER = 0x02
const ENUMERATED = 0x0a
const EXTENDED_RESPONSE = 0x78
const LONGEST_ANSWER = 4096

/**
 * Asks a server for TLS on a connection on which nothing was sent yet, and waits until it agrees. Whatever it sends behind
 * its answer was not protected by TLS: then it is not begun.
 *
 * @throws AuthenticationError, as a rejection.
 * @see RFC 4511, section 4.14
 */
export function requestStartTls(socket: Socket, label: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let received: Uint8Array = new Uint8Array()
    const finish = (error?: Error) => {
      socket.pause()
      socket.off('data', onData).off('close', onClose)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onClose = () => finish(new ConnectionLost(`${label} closed the connection when asked for TLS`))
    const onData = (chunk: Uint8Array) => {
      received = Buffer.concat([received, chunk])
      const agreed = agreement(received)
      if (agreed === true) finish()
      else if (agreed === false || received.length > LONGEST_ANSWER) {
        finish(new DirectoryUnavailable(`${label} does not agree to StartTLS`))
      }
    }
    socket.on('data', onData).once('close', onClose).write(REQUEST)
  })
}

/** Whether the answer is a yes; `undefined` as long as it is not complete. */
function agreement(octets: Uint8Array): boolean | undefined {
  const [message, ...rest] = elements(octets) ?? []
  if (message === undefined) return octets[0] === undefined || octets[0] === SEQUENCE ? undefined : false
  const [id, response] = elements(message.content) ?? []
  const [result] = (response && elements(response.content)) ?? []
  return (
    rest.length === 0 &&
    message.tag === SEQUENCE &&
    is(id, INTEGER, 1) &&
    response?.tag === EXTENDED_RESPONSE &&
    is(result, ENUMERATED, 0)
  )
}

function is(element: Element | undefined, tag: number, value: number): boolean {
  return element?.tag === tag && element.content.length === 1 && element.content[0] === value
}

function octetsOf(text: string): readonly number[] {
  return [...text].map((character) => character.charCodeAt(0))
}
