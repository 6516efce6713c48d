import {
  anotherScheme,
  asWritten,
  bearerError,
  charset,
  configured,
  type Difference,
  everyChallenge,
  failClosed,
  failureList,
  fieldOnce,
  grammar,
  hook,
  malformedBasic,
  namedPrincipal,
  nesting,
  neverWithout,
  noBodyInGet,
  noStatus,
  outage,
  ownPrincipal,
  ownResult,
  parameterOnce,
  plainData,
  problemDocument,
  quotedRealm,
  realmNeeded,
  seeOther,
  skippedIsAbsent,
  slowHash,
  storedSession,
} from './differences.ts'
import type { Observed } from './observed.ts'

/** What becauth answers where it is not what Ktor answers. */
export interface Row {
  /** What differs; the rest is as in Ktor. Where the status is a refusal's, Ktor's principal and body are gone. */
  readonly verdict: Partial<Observed>
  readonly because: readonly [Difference, ...Difference[]]
  /** The scopes that answer as Ktor does, for whoever wants it so. */
  readonly writtenAs?: string
}

const problem = '{"type":"about:blank","title":"Unauthorized","status":401}'
const formOfFirst: Row = { verdict: { wwwAuthenticate: ['Form realm="first"'] }, because: [neverWithout] }
const formOfCheckOnly: Row = {
  verdict: { wwwAuthenticate: ['Form realm="checkOnly"'], body: problem },
  because: [neverWithout, problemDocument],
}
const apiKey: Row = { verdict: { wwwAuthenticate: ['ApiKey realm="api-key"'] }, because: [neverWithout] }
const quoted: Row = {
  verdict: { wwwAuthenticate: ['Basic realm="ktor-test", charset="UTF-8"'] },
  because: [quotedRealm],
}
const unavailable: Row = { verdict: { status: 503 }, because: [outage] }
const malformed: Row = { verdict: { cause: { default: 'InvalidCredentials' } }, because: [malformedBasic] }
const innerIsMissing: Partial<Observed> = { status: 401, ran: ['first', 'second'], challengeBy: ['second'] }
const noSession: Partial<Observed> = { status: 401, ran: ['S'], cause: { S: 'NoCredentials' }, challengeBy: ['S'] }
const unknownSession: Row = {
  verdict: { status: 401, cause: { S: 'InvalidCredentials' }, wwwAuthenticate: ['Session realm="S"'] },
  because: [storedSession],
}
const notMade: Row = { verdict: { error: 'configuration' }, because: [configured] }

/** By the id of the case. Every other case is as in Ktor. */
export const verdicts: Readonly<Record<string, Row>> = {
  'strategy.nested-fs.none-valid': {
    verdict: { ran: ['first'], cause: { first: 'InvalidCredentials' }, wwwAuthenticate: ['Form realm="first"'] },
    because: [nesting, asWritten, neverWithout],
  },
  'strategy.nested-fs.outer-only': { verdict: innerIsMissing, because: [nesting], writtenAs: 'FS(first,second)' },
  'strategy.required-required.none-valid': formOfFirst,
  'strategy.required-required.second-only': formOfFirst,
  'strategy.required-required-by-name.none-valid': formOfFirst,
  'strategy.required-repeated-default.none-valid': formOfFirst,
  'strategy.required-repeated-default.second-only': formOfFirst,
  'strategy.required-outer-fs-inner.none-valid': formOfFirst,
  'strategy.required-outer-fs-inner.first-only': { verdict: innerIsMissing, because: [nesting], writtenAs: 'R(first)' },
  'strategy.optional-outer-required-inner.second-only': {
    verdict: { ran: ['first', 'second'] },
    because: [asWritten],
    writtenAs: 'R(second)',
  },
  'strategy.optional-outer-fs-inner.none-valid': {
    verdict: { ran: ['first'], cause: { first: 'InvalidCredentials' }, wwwAuthenticate: ['Form realm="first"'] },
    because: [asWritten, neverWithout],
  },
  'strategy.optional-outer-fs-inner.first-only': {
    verdict: innerIsMissing,
    because: [nesting],
    writtenAs: 'FS(first,second)',
  },
  'strategy.optional-outer-fs-inner.both': {
    verdict: { ran: ['first', 'second'], principal: 'first second', body: 'first second' },
    because: [nesting],
    writtenAs: 'FS(first,second)',
  },
  'strategy.modify.second': {
    verdict: { status: 401, cause: { 1: 'NoCredentials', 2: 'NoCredentials' }, challengeBy: ['1', '2'] },
    because: [noBodyInGet],
  },
  'strategy.modify.invalid': { verdict: { challengeBy: ['1', '2'] }, because: [everyChallenge] },
  'strategy.error-only.fs': unavailable,
  'strategy.error-only-inheritance.optional': unavailable,
  'strategy.error-only-suspend.fs': unavailable,
  'strategy.error-only-suspend.optional': unavailable,
  'strategy.error-challenge.fs': { verdict: { status: 503, challengeBy: [] }, because: [noStatus, outage] },
  'strategy.route-priority.baz': {
    verdict: { status: 401, cause: { default: 'NoCredentials' } },
    because: [noBodyInGet],
  },

  'app.index.session': unknownSession,
  'app.login-page.session': unknownSession,
  'app.files.session': { ...unknownSession, because: [storedSession, nesting] },
  'app.profile.anonymous': { verdict: noSession, because: [nesting], writtenAs: 'FS(S,S_web)' },
  'app.login.post': { verdict: noSession, because: [nesting], writtenAs: 'FS(S,F)' },
  'app.files.basic': { verdict: noSession, because: [nesting], writtenAs: 'FS(S,B)' },
  'app.files.anonymous': {
    verdict: {
      ran: ['S'],
      cause: { S: 'NoCredentials' },
      challengeBy: ['S'],
      wwwAuthenticate: ['Session realm="S"'],
    },
    because: [nesting, quotedRealm],
  },

  'strategy.src.challenge-order-same-cause': {
    verdict: { ran: ['a'], wwwAuthenticate: ['Custom realm="a"'] },
    because: [asWritten, everyChallenge],
  },
  'strategy.src.challenge-missing-before-error': { verdict: { status: 503, challengeBy: [] }, because: [outage] },
  'strategy.src.skip-required-optional-inner': {
    verdict: { status: 200, principal: null, challengeBy: [] },
    because: [skippedIsAbsent],
  },
  'strategy.src.required-all-before-others': {
    verdict: { ran: ['a', 'b'] },
    because: [asWritten],
    writtenAs: 'R(b)>FS(a)',
  },
  'strategy.src.fs-inside-optional-not-relaxed': { verdict: { ran: ['a'] }, because: [asWritten] },
  'strategy.src.optional-two-one-invalid': { verdict: { ran: ['a'] }, because: [asWritten] },
  'strategy.src.optional-two-same-kind': {
    verdict: { status: 401, ran: ['a'], challengeBy: ['a'] },
    because: [failureList, asWritten],
  },
  'strategy.src.nested-runs-once': { verdict: { ran: ['a'] }, because: [asWritten] },
  'strategy.src.already-principal': { verdict: { status: 401, ran: ['a'] }, because: [ownPrincipal] },
  'strategy.src.silent-provider': {
    verdict: { status: 401, cause: { a: 'NoCredentials' }, wwwAuthenticate: ['Custom realm="a"'] },
    because: [failClosed],
  },
  'strategy.src.noop-challenge': {
    verdict: { status: 401, cause: { a: 'NoCredentials' }, wwwAuthenticate: ['Custom realm="a"'] },
    because: [failClosed],
  },
  'strategy.src.two-principals': {
    verdict: { status: 401, cause: { b: 'InvalidCredentials' }, challengeBy: ['b'] },
    because: [ownResult],
  },
  'strategy.src.after-auth-hook': { verdict: { result: ['anonymous', 'rejected'] }, because: [hook] },

  'header.with-parameter-appends': {
    verdict: { result: { 'a=A': 'refused', 'b=B': 'authScheme a="a", b="B"' } },
    because: [parameterOnce, plainData],
  },
  'header.with-parameter-encoding': { verdict: { result: 'authScheme a="c", b="c d"' }, because: [plainData] },
  'header.replace-parameter-3': { verdict: { result: 'parse error' }, because: [parameterOnce] },
  'header.replace-parameter-4': { verdict: { result: 'parse error' }, because: [parameterOnce] },
  'header.src-dangling-equals': { verdict: { result: 'parse error' }, because: [grammar] },
  'header.src-duplicate-param': { verdict: { result: 'parse error' }, because: [parameterOnce] },
  'header.src-tab': {
    verdict: { result: { kind: 'params', scheme: 'Digest', params: { a: '1', b: '2' } } },
    because: [grammar],
  },
  'header.render-basic-token': quoted,
  'header.render-basic-no-charset': {
    verdict: { wwwAuthenticate: ['Basic realm="ktor-test"'] },
    because: [quotedRealm],
  },
  'header.render-bearer-none': {
    verdict: { wwwAuthenticate: ['Bearer realm="default"'] },
    because: [bearerError],
  },

  'basic.charset-null': {
    verdict: { wwwAuthenticate: ['Basic realm="ktor-test"'] },
    because: [quotedRealm, charset],
  },
  'basic.invalid-header': {
    verdict: {
      status: 401,
      cause: { default: 'NoCredentials' },
      wwwAuthenticate: ['Basic realm="ktor-test", charset="UTF-8"'],
    },
    because: [anotherScheme],
  },
  'basic.wrong-password': quoted,
  'basic.flow.bad': quoted,
  'basic.bad-base64': {
    verdict: { ...quoted.verdict, ...malformed.verdict },
    because: [malformedBasic, quotedRealm],
  },
  'basic.src-no-colon': malformed,
  'basic.src-params-form': malformed,
  'basic.src-url-alphabet': malformed,
  'basic.src-scheme-only': malformed,
  'basic.src-optional-malformed': {
    verdict: { status: 401, cause: { default: 'InvalidCredentials' } },
    because: [malformedBasic],
  },
  'basic.not-configured': notMade,
  'basic.src-default-challenge': { verdict: { error: 'configuration' }, because: [realmNeeded] },

  'bearer.no-header': {
    verdict: { wwwAuthenticate: ['Bearer realm="default"'], body: problem },
    because: [bearerError, problemDocument],
  },
  'bearer.wrong-token': {
    verdict: { wwwAuthenticate: ['Bearer realm="default", error="invalid_token"'], body: problem },
    because: [bearerError, problemDocument],
  },
  'bearer.parameterized': {
    verdict: { wwwAuthenticate: ['Bearer realm="default", error="invalid_token"'], body: problem },
    because: [bearerError, problemDocument],
  },

  'form.table.redirect-empty': { verdict: { status: 303 }, because: [seeOther] },
  'form.table.query-not-used': formOfCheckOnly,
  'form.table.bad-password': { ...formOfCheckOnly, because: [neverWithout, problemDocument, slowHash] },
  'form.table.user-only': formOfCheckOnly,
  'form.src-field-names': { verdict: { result: ['a', 'malformed-request'] }, because: [fieldOnce] },
  'form.src-default-validate': notMade,
  'form.src-noop-challenge': {
    verdict: { status: 401, wwwAuthenticate: ['Form realm="default"'] },
    because: [failClosed],
  },

  'apikey.default.wrong': apiKey,
  'apikey.src-noop-challenge': apiKey,
  'apikey.custom.reject-wrong': {
    verdict: { status: 401, wwwAuthenticate: ['ApiKey realm="api-key"'] },
    because: [noStatus],
  },
  'apikey.src-by-name': {
    verdict: { result: [{ key: 'sample-key' }, { key: 'sample-key' }] },
    because: [namedPrincipal],
  },
}
