import { flagWord, type OwnFlag, ownFlags, variableOf } from '../../config/keys/own-flags.ts'
import { type Flag, flagsOf, type Place, placeName, placesOf } from '../args.ts'
import { bold, dim } from '../streams/output.ts'
import type { Commands, Topic, Verb } from '../verb.ts'
import descriptions from './descriptions.json'

/** One line of each verb: to load them all for it would take half of the time of `paude --help`. */
export const describe = (name: string): string => (descriptions as Readonly<Record<string, string>>)[name] ?? ''

/** `paude --help`. */
export function help({ names }: Commands): string {
  const flags = (ownFlags as readonly OwnFlag[]).map((flag) => [flagWord(flag), flag.description] as const)
  const verbs = names.map((name) => [name, describe(name)] as const)
  return [
    'paude runs a coding agent, such as Claude Code, in a container whose only way out is an allowlist.',
    '',
    bold('Usage'),
    "  paude [paude's flags] [the agent's words…]",
    '  paude VERB [flags] [words…]',
    '',
    bold('Examples'),
    ...columns([
      ['paude', 'open the agent here, in a box'],
      ['paude -p "explain this repository"', 'print one answer'],
      ['paude --network-allow example.org', 'let the agent reach one more host'],
      ['paude --detach', 'start in the background; paude attach shows it'],
      ['paude run -- make test', 'run a command in the same box, without network'],
      ['paude -- --help', "the agent's own help"],
    ]),
    '',
    bold('Verbs'),
    ...columns(verbs),
    '',
    bold('Flags'),
    ...columns(flags),
    '',
    dim(
      "Flags come first: the first word that is not paude's and everything after it go to the agent untouched; -- ends them explicitly.",
    ),
    dim('Every flag has an environment twin, such as PAUDE_NETWORK_ALLOW. paude help VERB tells more.'),
  ].join('\n')
}

/** `paude help VERB…` */
export function verbHelp({ aliases }: Commands, called: string, verb: Verb | Topic): string {
  const { description, details = '', examples } = verb
  const { verbs = {}, args = {}, keys = [], starts }: Partial<Topic & Verb> = verb
  const flags = flagsOf(args)
  const usage = [
    ...(flags.length > 0 ? ['[flags]'] : []),
    ...('verbs' in verb ? ['VERB …'] : []),
    ...placesOf(args).flatMap(([name, place]) => (place.hidden ? [] : [placeUsage(name, place)])),
  ]
  const also = Object.keys(aliases).filter((alias) => called === `paude ${aliases[alias]}`)
  return [
    description,
    ...(details === '' ? [] : [details]),
    '',
    bold('Usage'),
    `  ${[called, ...usage].join(' ')}`,
    ...(also.length > 0 ? ['', `Also: paude ${also.join(', ')}`] : []),
    ...group(
      'Verbs',
      Object.entries(verbs).map(([name, one]) => [name, one.description]),
    ),
    ...group('Examples', examples),
    ...group('Keys', keys),
    ...group(
      'Flags',
      flags.map(([name, flag]) => [typed(name, flag), flag.description]),
    ),
    ...('verbs' in verb ? ['', dim(`paude help ${called.slice('paude '.length)} VERB tells more.`)] : []),
    ...(starts ? ['', dim('The flags of a start may stand before and after the verb: paude --help lists them.')] : []),
  ].join('\n')
}

/** A flag as it is typed. */
export const typed = (name: string, { type, valueHint = 'VALUE' }: Flag): string =>
  `--${name}${type === 'boolean' ? '' : ` ${valueHint}`}`

const group = (title: string, rows: readonly (readonly [string, string])[]): readonly string[] =>
  rows.length === 0 ? [] : ['', bold(title), ...columns(rows)]

/** A place as usage lines show it. */
export function placeUsage(name: string, place: Place): string {
  if (place.rest) return place.required ? '[--] COMMAND…' : '[-- WORDS…]'
  const text = `${placeName(name, place)}${place.many ? '…' : ''}`
  return place.required ? text : `[${text}]`
}

/** Name of a flag's environment twin, for the reference. */
export const twin = (flag: OwnFlag): string => (flag.alias ? '' : variableOf(flag))

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
