import { createRequire } from 'node:module'
import type express from 'express'
import type { AdapterSubject } from '../../../src/testing/adapter-subject.ts'
import { subjectFor } from './express.ts'

/** Express 4 comes without types; what the subject uses is the same in both. */
export const express4: typeof express = createRequire(import.meta.url)('express4')

/** `becauth/express` on Express 4. */
export const express4Subject: AdapterSubject = subjectFor('express 4', express4)
