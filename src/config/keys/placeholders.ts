/** A piece of a text with `${KIND:NAME:FALLBACK}` in it. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'localEnv' | 'containerEnv'
      readonly name: string
      /** null where none is written. */
      readonly fallback: string | null
    }
  | { readonly kind: 'known'; readonly name: string }

/** Cuts a text at its placeholders. What is none, such as a shell's `${HOME}`, stays text. */
export function pieces(text: string, known: readonly string[]): readonly Piece[] {
  const found: Piece[] = []
  let done = 0
  for (let at = text.indexOf('${'); at !== -1; at = text.indexOf('${', at + 2)) {
    const end = text.indexOf('}', at)
    const piece = end === -1 ? null : placeholder(text.slice(at + 2, end), known)
    if (piece === null) continue
    if (at > done) found.push({ kind: 'text', text: text.slice(done, at) })
    found.push(piece)
    done = end + 1
  }
  return done < text.length ? [...found, { kind: 'text', text: text.slice(done) }] : found
}

/** Names of the caller's variables in a text. */
export const callersIn = (template: string): readonly string[] =>
  pieces(template, []).flatMap((piece) => (piece.kind === 'localEnv' ? [piece.name] : []))

function placeholder(body: string, known: readonly string[]): Piece | null {
  const [kind = '', name = '', ...rest] = body.split(':')
  if (kind === 'localEnv' || kind === 'containerEnv' || kind === 'env') {
    if (!/^[A-Za-z_]\w*$/.test(name)) return null
    return { kind: kind === 'env' ? 'localEnv' : kind, name, fallback: rest.length === 0 ? null : rest.join(':') }
  }
  return known.includes(body) ? { kind: 'known', name: body } : null
}
