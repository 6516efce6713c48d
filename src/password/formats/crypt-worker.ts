// The file that the thread runs: it answers questions, one after the other, until its owner ends it.
import { parentPort } from 'node:worker_threads'
import { answer, type CryptAnswer, type CryptQuestion } from './crypt-job.ts'

const unanswerable: CryptAnswer = { matched: undefined }

parentPort?.on('message', (question: CryptQuestion) => {
  const reply = (value: CryptAnswer) => parentPort?.postMessage(value)
  // What was thrown stays here: it may quote what it was given.
  answer(question).then(reply, () => reply(unanswerable))
})
