import type { ArgsDef } from 'citty'
import { flagWord, type OwnFlag, ownFlags, variableOf } from '../../config/keys/own-flags.ts'
import type { CommandContext, Verb } from '../context.ts'
import { bold, dim } from '../streams/output.ts'
import { subVerb, subVerbs } from '../words.ts'

/** `paude --help`. */
export function help({ commands: { verbs } }: CommandContext): string {
  const flags = (ownFlags as readonly OwnFlag[]).map((flag) => [flagWord(flag), flag.description] as const)
  const names = Object.entries(verbs).map(([name, { description }]) => [name, description] as const)
  return [
    'paude runs Claude Code in a container whose only way out is an allowlist.',
    '',
    bold('Usage'),
    "  paude [paude's flags] [claude's words…]",
    '  paude VERB [flags] [words…]',
    '',
    bold('Examples'),
    ...columns([
      ['paude', 'open Claude here, in a box'],
      ['paude -p "explain this repository"', 'print one answer'],
      ['paude --network-allow example.org', 'let the agent reach one more host'],
      ['paude --detach', 'start in the background; paude attach shows it'],
      ['paude run -- make test', 'run a command in the same box, without network'],
      ['paude -- --help', "Claude's own help"],
    ]),
    '',
    bold('Verbs'),
    ...columns(names),
    '',
    bold('Flags'),
    ...columns(flags),
    '',
    dim(
      "Flags come first: the first word that is not paude's and everything after it go to Claude untouched; -- ends them explicitly.",
    ),
    dim('Every flag has an environment twin, such as PAUDE_NETWORK_ALLOW. paude help VERB tells more.'),
  ].join('\n')
}

/** `paude help VERB`. */
export async function verbHelp(context: CommandContext, name: string, verb: Verb): Promise<string> {
  const { default: make } = await verb.load()
  const { meta: found } = make(context)
  const meta = (typeof found === 'function' ? await found() : await found) ?? {}
  const args = await verbArgs(context, verb)
  const places = Object.entries(args).filter(([, { type }]) => type === 'positional')
  const flags = Object.entries(args).filter(([, { type }]) => type !== 'positional')
  const usage = places.map(([key, { required }]) => place(key, required === true)).join(' ')
  const also = Object.entries(context.commands.aliases).flatMap(([alias, target]) => (target === name ? [alias] : []))
  return [
    meta.description ?? verb.description,
    '',
    bold('Usage'),
    `  paude ${name}${flags.length > 0 ? ' [flags]' : ''} ${usage}`.trimEnd(),
    ...(also.length > 0 ? ['', `Also: paude ${also.join(', ')}`] : []),
    ...group(
      'Words',
      Object.entries(subVerbs[name] ?? {}).map(([word, { does }]) => [word, does]),
    ),
    ...group('Examples', verb.examples),
    ...group(
      'Flags',
      flags.map(([key, definition]) => [typed(key, definition), definition.description ?? '']),
    ),
    ...(name in subVerbs ? ['', dim(`paude help ${name} WORD tells more of one of the words.`)] : []),
    ...(verb.starts ? ['', dim('The flags of a start may stand before and after the verb: paude --help lists them.')] : []),
  ].join('\n')
}

/** `paude help VERB WORD`; null where there is nothing to tell of the word alone. */
export async function subVerbHelp(
  context: CommandContext,
  { name, verb }: { name: string; verb: Verb },
  word: string,
): Promise<string | null> {
  const sub = subVerb(name, word)
  if (sub === undefined) return null
  const args = await verbArgs(context, verb)
  const flags = sub.flags.flatMap((key) => (args[key] === undefined ? [] : [[key, args[key]] as const]))
  return [
    sub.does,
    '',
    bold('Usage'),
    `  paude ${name} ${word}${flags.length > 0 ? ' [flags]' : ''} ${sub.usage}`.trimEnd(),
    ...group('Examples', sub.examples),
    ...group('Keys', sub.keys ?? []),
    ...group(
      'Flags',
      flags.map(([key, definition]) => [typed(key, definition), aboutOne(definition.description ?? '', word)]),
    ),
  ].join('\n')
}

/** A description without the words it is about: `allow, deny: for so long` is about two of them, `log: one object a line` about another. */
function aboutOne(text: string, word: string): string {
  const [, first = '', rest = text] = /^([a-z]+(?:, [a-z]+)*): (.*)$/s.exec(text) ?? []
  const parts = (first === '' ? text : rest).split('; ').filter((part) => {
    const [, only] = /^([a-z]+): /.exec(part) ?? []
    return only === undefined || only === word
  })
  const said = parts.join('; ').replace(`${word}: `, '')
  return `${said.slice(0, 1).toUpperCase()}${said.slice(1)}`
}

const typed = (key: string, definition: ArgsDef[string]): string =>
  `--${key}${definition.type === 'boolean' ? '' : ` ${('valueHint' in definition && definition.valueHint) || 'VALUE'}`}`

const group = (title: string, rows: readonly (readonly [string, string])[]): readonly string[] =>
  rows.length === 0 ? [] : ['', bold(title), ...columns(rows)]

function place(key: string, required: boolean): string {
  if (key === 'words') return required ? '[--] COMMAND…' : '[-- WORDS…]'
  if (key === 'sessions') return '[SESSION…]'
  if (key === 'hosts') return '[HOST… | URL | SESSION]'
  return required ? key.toUpperCase() : `[${key.toUpperCase()}]`
}

/** Flags and places of a verb, as its module defines them. */
export async function verbArgs(context: CommandContext, verb: Verb): Promise<ArgsDef> {
  const { default: make } = await verb.load()
  const { args } = make(context)
  return ((typeof args === 'function' ? await args() : await args) ?? {}) as ArgsDef
}

/** Name of a flag's environment twin, for the reference. */
export const twin = (flag: OwnFlag): string => (flag.alias ? '' : variableOf(flag))

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
