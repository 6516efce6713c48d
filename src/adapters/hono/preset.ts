import { addVary } from '../fetch/answer.ts'

/** Adds what earlier middleware (CORS, say) set to the header of a refusal; where both speak, the refusal does. */
export function addPreset(header: Headers, preset: Headers): void {
  for (const cookie of preset.getSetCookie()) header.append('set-cookie', cookie)
  addVary(
    header,
    (preset.get('vary') ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
  preset.forEach((value, name) => {
    if (name !== 'set-cookie' && !header.has(name)) header.set(name, value)
  })
}
