/** A way in which becauth answers otherwise than Ktor, on purpose. `docs/ktor.md` has every title and sentence. */
export interface Difference {
  readonly title: string
  /** Rules of the decision, sections of RFCs, numbered flaws and deviations of Ktor's. */
  readonly rule: string
  readonly why: string
}

export const nesting: Difference = {
  title: 'Nested scopes mean and',
  rule: 'decision.md rule 9, F4, H01',
  why: "Ktor lets in who satisfies any of nested first-successful scopes, so an inner admin scope admits the outer scope's user.",
}

export const asWritten: Difference = {
  title: 'Scopes are asked from the outside in',
  rule: 'decision.md rule 9',
  why: 'Ktor asks required providers first wherever they stand, and goes on asking inner scopes after an outer one failed.',
}

export const everyChallenge: Difference = {
  title: 'All challenges are sent',
  rule: 'decision.md rule 14, F2, H02',
  why: 'A client may be able to answer only the second one, which Ktor never sends.',
}

export const neverWithout: Difference = {
  title: 'Every 401 has a challenge',
  rule: 'decision.md rule 15, RFC 9110 section 11.6.1, D01, F27',
  why: 'RFC 9110 demands a challenge in every 401; Ktor sends none for forms, sessions, API keys and errors.',
}

export const quotedRealm: Difference = {
  title: 'The realm is always quoted',
  rule: 'RFC 9110 section 11.5, D02',
  why: 'RFC 9110 lets senders write a realm in quotes only.',
}

export const bearerError: Difference = {
  title: 'Bearer says what is wrong',
  rule: 'RFC 6750 section 3, D03',
  why: 'RFC 6750 demands at least one parameter, and wants `invalid_token` for a refused token so that clients fetch a new one.',
}

export const outage: Difference = {
  title: 'An outage is 503, and no error is anonymous',
  rule: 'decision.md rules 4 and 13, F3, D08',
  why: 'With a directory down, a right password is not wrong, and a person who sent one is not an anonymous visitor.',
}

export const malformedBasic: Difference = {
  title: 'Unreadable Basic credentials are wrong, not absent',
  rule: 'decision.md section 2, F11b, D10',
  why: 'A client that sent broken credentials meant to be somebody, so an optional route must not take it for nobody.',
}

export const anotherScheme: Difference = {
  title: 'A header of another scheme is not mine',
  rule: 'decision.md section 2, F12, F13, D11, D12',
  why: 'Ktor gives 400 for what it cannot parse, depending on which provider reads first, and Bearer calls a Basic header wrong where Basic calls a Bearer header absent.',
}

export const failClosed: Difference = {
  title: 'Silence is a refusal',
  rule: 'decision.md rule 10, F1, D04, D05',
  why: 'In Ktor a provider or a challenge function that answers nothing lets the request through, even under Required.',
}

export const ownResult: Difference = {
  title: 'Every provider is judged by its own answer',
  rule: 'decision.md rule 3, F6, D06',
  why: 'Ktor counts principals, so one provider that adds two covers for the next one failing.',
}

export const failureList: Difference = {
  title: 'Failures are a list',
  rule: 'decision.md section 2, F5, D07',
  why: 'Ktor keeps one failure per kind of provider, so "absent" from the second overwrites "wrong" from the first and an optional route opens.',
}

export const ownPrincipal: Difference = {
  title: 'Only the named providers count',
  rule: 'decision.md rule 9, F7, D51',
  why: 'In Ktor a principal that anybody put into the context before skips every provider of the scope.',
}

export const skippedIsAbsent: Difference = {
  title: 'A skipped provider is as if not written',
  rule: 'decision.md rule 5, D09',
  why: 'In Ktor adding an optional scope to a route whose required provider is skipped closes the route.',
}

export const noStatus: Difference = {
  title: 'A challenge function chooses no status',
  rule: 'decision.md rule 16, H03',
  why: 'A refusal that answers 200 or 409 tells clients and proxies something else than what happened.',
}

export const seeOther: Difference = {
  title: 'A refused POST is redirected with 303',
  rule: 'decision.md rule 16',
  why: 'RFC 9110 leaves it to the client whether it repeats the method after 302, and so posts the password to the login page.',
}

export const problemDocument: Difference = {
  title: 'A refusal has a body',
  rule: 'decision.md rule 18',
  why: 'Programs get a problem document and people a small page, neither of which says why.',
}

export const noBodyInGet: Difference = {
  title: 'Forms are read from POST, PUT and PATCH',
  rule: 'decision.md section 4, RFC 9110 section 9.3.1',
  why: 'RFC 9110 gives the body of a GET no meaning, and whoever stands between may refuse such a request.',
}

export const configured: Difference = {
  title: 'A mistake in the configuration shows at start',
  rule: 'decision.md rule 12, F21, D25',
  why: 'Ktor answers 500 to the first request with credentials, or refuses everybody without a word.',
}

export const realmNeeded: Difference = {
  title: 'Basic has no default realm',
  rule: 'decision.md rule 15',
  why: 'Clients store passwords under the realm, so every service that forgot to name itself would share one.',
}

export const fieldOnce: Difference = {
  title: 'A form field that comes twice is malformed',
  rule: 'decision.md section 4',
  why: 'Two readers of one request must not see two different users.',
}

export const storedSession: Difference = {
  title: 'A session cookie must be one that the service made',
  rule: 'decision.md rule 17, D38',
  why: "Ktor's default session cookie is plain JSON, which anybody can write.",
}

export const namedPrincipal: Difference = {
  title: 'The principal of an API key has a name',
  rule: 'F26, D24',
  why: 'Ktor forgets the name of the provider, so looking the principal up by it finds nothing.',
}

export const parameterOnce: Difference = {
  title: 'A parameter comes once',
  rule: 'RFC 9110 section 11.2, F28, D35, D54',
  why: 'With two values each reader may believe another, so becauth neither reads nor writes such a header.',
}

export const grammar: Difference = {
  title: 'Headers are read by the grammar of RFC 9110',
  rule: 'RFC 9110 sections 5.6.3 and 11.4, F28, D35',
  why: 'Ktor fails with 500 at `b=` and takes no tab for whitespace.',
}

export const plainData: Difference = {
  title: 'Challenges and headers are data',
  rule: 'decision.md section 11',
  why: 'There is no header object with a choice of encodings: values are quoted, and nobody can get it wrong.',
}

export const charset: Difference = {
  title: 'The charset of Basic is the one that is decoded',
  rule: 'RFC 7617 section 2.1, F11, D64',
  why: 'Ktor decodes UTF-8 whatever it was told, and puts U+FFFD where the octets are none.',
}

export const hook: Difference = {
  title: 'A listener instead of AuthenticationChecked',
  rule: 'decision.md rule 22 and section 11',
  why: "Ktor's hook runs on routes without any scope too; a listener is told of decisions, and code after the guard is just code.",
}

export const slowHash: Difference = {
  title: 'There is `constantTimeEqual` for secrets',
  rule: 'F10, D48',
  why: "Ktor's table of hashed users stops at the first octet that differs and hashes nothing for users that it does not know.",
}
