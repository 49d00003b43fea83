import { ownFlags } from '../config/keys/own-flags.ts'
import { PaudeError } from '../errors.ts'
import { nearest } from '../text.ts'
import { type Args, type Flag, flagsOf, placeName, placesOf, type Values } from './args.ts'
import { type Named, refusal } from './front-flags.ts'

/**
 * Reads flags and places of one verb; an unknown flag is an error that names the nearest. Not parseArgs of node:util: it cuts a
 * text that begins with a dash into letters, and where it is strict a value may not begin with one.
 */
export function readWords<A extends Args>(front: Named, argv: readonly string[], args: A): Values<A> {
  const { called } = front
  const places = placesOf(args)
  const { many, rest } = places.at(-1)?.[1] ?? {}
  const room = many || rest ? places.length - 1 : places.length
  const { flags, found, more } = sorted(front, argv, args, rest ? room : Number.POSITIVE_INFINITY)
  const words = rest ? found : [...found, ...more]
  const several = many ? words.splice(room) : more
  if (words.length > room)
    throw new PaudeError('usage', `${called}: one word too many: ${JSON.stringify(words[room])}`, { hint: helpOf(called) })
  const placed = places.map(([name, place], at) => {
    const value = at < room ? words[at] : several
    // What is missing of a command is better said by its verb.
    if (place.required && !place.rest && (value === undefined || (at >= room && value.length === 0)))
      throw new PaudeError('usage', `${called}: ${placeName(name, place)} is missing`, { hint: front.example ?? helpOf(called) })
    return [name, value] as const
  })
  return { ...flags, ...Object.fromEntries(placed.filter(([, value]) => value !== undefined)) } as Values<A>
}

/** Flags, at most so many words between them, and whatever stands behind these or after `--`. */
function sorted(front: Named, argv: readonly string[], args: Args, most: number) {
  const flags: Record<string, string | true | string[]> = {}
  const found: string[] = []
  const known = new Map(flagsOf(args))
  for (const [name, flag] of known) if (takesMany(flag)) flags[name] = []
  const words = [...argv]
  for (let index = 0; index < words.length; index++) {
    words.splice(index, 1, ...spelled(words[index] ?? '', args))
    const word = words[index] ?? ''
    if (word === '--') return { flags, found, more: words.slice(index + 1) }
    if (!FLAG.test(word)) {
      if (found.length >= most) return { flags, found, more: words.slice(index) }
      found.push(word)
      continue
    }
    const [name, inline] = split(word)
    const long = name.slice('--'.length)
    const flag = known.get(long)
    if (flag === undefined || !name.startsWith('--')) throw unknown(name, front, args)
    if (flag.type === 'boolean') {
      if (inline !== undefined) throw new PaudeError('usage', `${name} takes no value`, { hint: `write only ${name}` })
      flags[long] = true
      continue
    }
    const value = inline ?? words[++index]
    if (value === undefined || value === '')
      throw new PaudeError('usage', `${name} needs a value`, { hint: `write ${name}=${flag.valueHint ?? 'VALUE'}` })
    const earlier = flags[long]
    if (Array.isArray(earlier)) earlier.push(value)
    else flags[long] = value
  }
  return { flags, found, more: [] }
}

const takesMany = (flag: Flag): boolean => 'many' in flag && flag.many === true

/** One-letter flags by their names: `-fn5` is `--follow --tail=5`. What is no flag of ours stays as it is. */
export function spelled(word: string, args: Args): readonly string[] {
  if (!/^-[A-Za-z]/.test(word)) return [word]
  const found = flagsOf(args).find(([, { letter }]) => letter === word[1])
  const rest = word.slice(2)
  if (found === undefined) return [word]
  const [name, { type }] = found
  if (rest === '') return [`--${name}`]
  if (type === 'string') return [`--${name}=${rest.replace(/^=/, '')}`]
  return rest.startsWith('=') ? [`--${name}${rest}`] : [`--${name}`, ...spelled(`-${rest}`, args)]
}

/** Where the first word of these is that is neither a flag nor a flag's value; -1 where there is none. */
export function firstWord(argv: readonly string[], args: Args): number {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    if (word === '--') return -1
    if (!FLAG.test(word)) return index
    if (args[spelled(word, args).at(-1)?.slice(2) ?? '']?.type === 'string') index++
  }
  return -1
}

/** What looks like a flag; a text may begin with a dash. */
const FLAG = /^--?[A-Za-z_][\w-]*(=[\s\S]*)?$/

const helpOf = (called: string): string => called.replace(/^paude/, 'paude help')

function unknown(word: string, front: Named, args: Args): PaudeError {
  const { called, takes } = front
  const own = ownFlags.find((flag) => `--${flag.name}` === word)
  if (own !== undefined && takes[own.name] === undefined) return refusal(own.name, front, args)
  if (own !== undefined)
    return new PaudeError('usage', `${called} takes ${word} before the verb`, {
      hint: `paude ${word} … ${called.replace(/^paude /, '')} …`,
    })
  const meant = habitFlag(word, front)
  if (meant !== null) return new PaudeError('usage', `${called} has no flag ${word}`, { hint: meant })
  const close = nearest(
    word,
    flagsOf(args).map(([name]) => `--${name}`),
  )
  const places = placesOf(args)
  const isWord = places.some(([name]) => word === `--${name}`)
  const usage = isWord
    ? `it is an argument: ${[called, ...places.map(([name, place]) => placeName(name, place))].join(' ')}`
    : places.some(([name]) => name === 'value')
      ? `put a value that begins with a dash after --: ${called} KEY -- ${word}`
      : helpOf(called)
  return new PaudeError('usage', `${called}: unknown flag ${word}`, {
    hint: isWord || close === null ? usage : `did you mean ${close}?`,
  })
}

/** What a flag means to whoever types it out of habit from a container engine; null for all others. */
function habitFlag(word: string, { takes, called }: Named): string | null {
  if (/^(-i|-t|-it|-ti|--interactive|--tty)$/.test(word)) return 'leave it out; a command gets your terminal by itself'
  if (word === '--all' && called === 'paude help') return 'paude help all'
  if (/^(-u|--user)$/.test(word) && /^paude (exec|shell|run)$/.test(called))
    return 'leave it out; a sandbox has one user, and it has your uid'
  if (takes.env === undefined) return null
  switch (word) {
    case '-d':
      return takes.detach === undefined
        ? 'it stays in the foreground; to start an agent in the background: paude --detach'
        : 'write --detach'
    case '-e':
      return 'write --env NAME=VALUE'
    case '-v':
    case '--volume':
      return 'write --mount SOURCE:TARGET:rw; without :rw it is read-only'
    case '--name':
      return 'write --session-name NAME'
    case '--rm':
      return 'leave it out; paude always removes what runs in the foreground'
    default:
      return null
  }
}

function split(word: string): readonly [string, string?] {
  const at = word.indexOf('=')
  return at === -1 ? [word] : [word.slice(0, at), word.slice(at + 1)]
}
