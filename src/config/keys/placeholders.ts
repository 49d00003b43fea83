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
  for (let at = text.indexOf('${'); at !== -1; at = text.indexOf('${', Math.max(done, at + 2))) {
    const end = text.indexOf('}', at)
    if (end === -1) break
    const piece = placeholder(text.slice(at + 2, end), known)
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
  const [variable, kind, name = '', fallback = null] = /^(localEnv|containerEnv|env):([A-Za-z_]\w*)(?::(.*))?$/s.exec(body) ?? []
  if (variable !== undefined) return { kind: kind === 'containerEnv' ? kind : 'localEnv', name, fallback }
  return known.includes(body) ? { kind: 'known', name: body } : null
}
