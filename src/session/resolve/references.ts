import { pieces } from '../../config/keys/placeholders.ts'
import type { Settings } from '../../config/keys/settings.ts'
import { requireReference } from '../../config/keys/variable-name.ts'
import { readReference } from '../../credentials/reference.ts'
import type { Reference, Template } from '../../credentials/source.ts'
import { PaudeError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { commandLine } from '../../plan/shell.ts'
import { capture } from '../../run/process.ts'
import { type Secret, secret } from '../../secret.ts'
import { shown } from '../../text.ts'
import { heldReferences } from './variables.ts'

/** Milliseconds that a program has to print a secret: it may ask for a fingerprint. */
const PATIENCE = 30_000

/** Bytes of a value that an environment still carries. */
const MOST = 64 * 1024

/**
 * The values that `[env]` refers to. A variable that is not set is left out. Whoever only wants to look gets the names alone:
 * no file is read and no program run.
 */
export async function readReferences(
  { references, env, dryRun, printConfig }: Pick<Settings, 'references' | 'env' | 'dryRun' | 'printConfig'>,
  host: Pick<Host, 'env' | 'home' | 'uid'>,
  /** File and line of each reference. */
  places: readonly string[] = [],
  /** What asks programs: a check runs none. */
  run: Ask = ask,
): Promise<Readonly<Record<string, Secret>>> {
  const placed = references.map((reference, at) => ({ ...reference, place: places[at] ?? '' }))
  // Kept while this start lasts and no longer: a secret is written into no file.
  const printed = memo(run)
  const read = await Promise.all(
    heldReferences(placed, env).map(async (reference) => {
      requireReference(reference)
      const { name, place } = reference
      const key = place === '' ? `env.${name}` : `env.${name} (${shown(place)})`
      return [name, dryRun || printConfig ? '-' : await followedValue(reference, host, { key, printed })] as const
    }),
  )
  return Object.fromEntries(read.flatMap(([name, value]) => (value === '' ? [] : [[name, secret(value)]])))
}

type Ask = (argv: readonly string[], key: string) => Promise<string>

/** A program that several names refer to is asked once: it may want a finger on a key. */
function memo(ask: Ask): Ask {
  const known = new Map<string, Promise<string>>()
  return (argv, key) => {
    const words = JSON.stringify(argv)
    const answer = known.get(words) ?? ask(argv, key)
    known.set(words, answer)
    return answer
  }
}

/** What one reference stands for; `key` names it in errors. */
export const readSource = (source: Reference['source'], host: Pick<Host, 'env' | 'home' | 'uid'>, key: string): Promise<string> =>
  followedValue({ source }, host, { key: shown(key), printed: ask })

async function followedValue(
  { source }: Pick<Reference, 'source'>,
  host: Pick<Host, 'env' | 'home' | 'uid'>,
  { key, printed }: { readonly key: string; readonly printed: Ask },
): Promise<string> {
  // Files and programs end their last line, which belongs to no secret.
  const value = (
    typeof source === 'string'
      ? readReference(source, host, key)
      : 'template' in source
        ? filled(source, host)
        : await printed(source, key)
  ).replace(/\r?\n$/, '')
  if (value.includes('\0') || value.length > MOST)
    throw new PaudeError(
      'config',
      `${key}: ${value.length > MOST ? 'too long for an environment variable' : 'contains a NUL byte'}`,
      {
        hint: 'remove the NUL byte',
      },
    )
  if (value === '' && typeof source !== 'string' && !('template' in source))
    throw new PaudeError('config', `${key}: ${source[0]} printed nothing`, { hint: `try it: ${commandLine(source)}` })
  return value
}

/** A text with the caller's variables in their places. */
const filled = ({ template }: Template, { env }: Pick<Host, 'env'>): string =>
  pieces(template, [])
    .map((piece) =>
      piece.kind === 'text' ? piece.text : piece.kind === 'localEnv' ? (env[piece.name] ?? piece.fallback ?? '') : '',
    )
    .join('')

/** What a program prints. Its words may hold no secret, and what it says on stderr is shown. */
async function ask([program = '', ...words]: readonly string[], key: string): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE)
  const { code, stdout, stderr } = await capture([program, ...words], { folder: '/', signal }).catch((cause: unknown) => {
    // In a start that is the user's own program, and has an exit code of its own.
    if (!(cause instanceof PaudeError)) throw cause
    throw new PaudeError('config', `${key}: ${cause.message}`, { hint: cause.hint, cause })
  })
  if (code === 0) return stdout
  const why = signal.aborted
    ? `did not end within ${PATIENCE / 1000} s`
    : `ended with ${code}: ${stderr.trim().split('\n').at(-1) ?? ''}`
  throw new PaudeError('command-failed', `${key}: ${program} ${why}`, { hint: `try it: ${commandLine([program, ...words])}` })
}
