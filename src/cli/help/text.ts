import { flagWord, type OwnFlag, ownFlags, variableOf } from '../../config/keys/own-flags.ts'
import { type Flag, flagsOf, type Place, placeName, placesOf } from '../args.ts'
import { definitions, wrapped } from '../streams/layout.ts'
import { bold, dim } from '../streams/output.ts'
import type { Commands, Topic, Verb } from '../verb.ts'
import descriptions from './descriptions.json'
import { allVerbs, FIRST_FLAGS, firstVerbs, type Group } from './groups.ts'

/** One line of each verb: to load them all for it would take half of the time of `paude --help`. */
export const describe = (name: string): string => (descriptions as Readonly<Record<string, string>>)[name] ?? ''

const flags: readonly OwnFlag[] = ownFlags

/** What it is, how it is called, and which words are whose. */
const opening = (width: number): readonly string[] => [
  ...wrapped('paude runs a coding agent, such as Claude Code, in a container that can reach only an allowlist.', width),
  '',
  ...definitions(
    [
      [`${bold('paude')} [FLAGS] [WORDS…]`, 'start the agent here with WORDS'],
      [`${bold('paude VERB')} [FLAGS] [WORDS…]`, 'use one of the verbs below'],
    ],
    width,
  ),
  '',
  ...wrapped(
    "paude's flags come first. The first word that paude does not know goes to the agent, with all words after it.",
    width,
  ),
]

/** `paude --help`: one screen. */
export const help = (width: number): string =>
  [
    ...opening(width),
    '',
    ...verbLines(firstVerbs, width),
    '',
    ...flagLines(
      Object.entries(FIRST_FLAGS).flatMap(([name, description]) =>
        flags.flatMap((flag) => (flag.name === name ? [{ ...flag, description }] : [])),
      ),
      width,
    ),
    '',
    ...definitions(
      [
        ['paude help VERB', 'one verb: its flags and examples'],
        ['paude help KEY', 'one key of the configuration, such as agent_args'],
        ['paude help flags', 'all flags; paude help all: all verbs as well'],
        ['paude -- --help', "the agent's own help"],
      ],
      width,
    ),
  ].join('\n')

/** `paude help all`. */
export const helpAll = ({ names }: Commands, width: number): string =>
  [...opening(width), '', ...verbLines(allVerbs(names), width), '', ...flagLines(flags, width), '', ...twinLines(width)].join(
    '\n',
  )

/** `paude help flags`. */
export const helpFlags = (width: number): string => [...flagLines(flags, width), '', ...twinLines(width)].join('\n')

/** The name of a group stands beside its first verb: a line of its own for each would not fit a screen. */
const verbLines = (groups: readonly Group[], width: number): readonly string[] => {
  const titles = Math.max(...groups.map(({ title }) => title.length)) + 2
  return definitions(
    groups.flatMap(({ title, names }) =>
      names.map((name, index): [string, string] => [
        `${(index === 0 ? bold(title) : '') + ' '.repeat(titles - (index === 0 ? title.length : 0))}${name}`,
        describe(name),
      ]),
    ),
    width,
    0,
  )
}

const flagLines = (list: readonly OwnFlag[], width: number): readonly string[] => [
  bold('Flags'),
  ...definitions(
    list.map((flag) => [flagWord(flag), flag.description]),
    width,
  ),
]

function twinLines(width: number): readonly string[] {
  const without = flags.filter(({ alias }) => alias).map(({ name }) => `--${name}`)
  const but = without.length === 0 ? '' : ` but ${without.join(' and ')}`
  return wrapped(
    `Every flag${but} has an environment variable: --network-allow is PAUDE_NETWORK_ALLOW. Most have a key in config.toml: paude help KEY.`,
    width,
  ).map(dim)
}

/** `paude help VERB…` */
export function verbHelp({ aliases }: Commands, { called, verb, width }: Asked): string {
  const { description, details = '', examples } = verb
  const { verbs = {}, args = {}, keys = [], starts }: Partial<Topic & Verb> = verb
  const taken = flagsOf(args)
  const usage = [
    ...(taken.length > 0 ? ['[flags]'] : []),
    ...('verbs' in verb ? ['VERB …'] : []),
    ...placesOf(args).flatMap(([name, place]) => (place.hidden ? [] : [placeUsage(name, place)])),
  ]
  const also = Object.keys(aliases).filter((alias) => called === `paude ${aliases[alias]}`)
  const group = (title: string, rows: readonly (readonly [string, string])[]): readonly string[] =>
    rows.length === 0 ? [] : ['', bold(title), ...definitions(rows, width)]
  return [
    ...wrapped(description, width),
    ...(details === '' ? [] : wrapped(details, width)),
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
      taken.map(([name, flag]) => [typed(name, flag), flag.description]),
    ),
    ...('verbs' in verb ? ['', ...wrapped(`More: paude help ${called.slice('paude '.length)} VERB`, width).map(dim)] : []),
    ...(starts
      ? ['', ...wrapped('You can write the flags of a start before or after the verb: paude help flags.', width).map(dim)]
      : []),
  ].join('\n')
}

type Asked = { readonly called: string; readonly verb: Verb | Topic; readonly width: number }

/** A flag as it is typed. */
export const typed = (name: string, { type, letter, valueHint = 'VALUE' }: Flag): string =>
  `${letter === undefined ? '' : `-${letter}, `}--${name}${type === 'boolean' ? '' : ` ${valueHint}`}`

/** A place as usage lines show it. */
export function placeUsage(name: string, place: Place): string {
  if (place.rest) return place.required ? '[--] COMMAND…' : '[-- WORDS…]'
  const text = `${placeName(name, place)}${place.many ? '…' : ''}`
  return place.required ? text : `[${text}]`
}

/** Name of a flag's environment twin, for the reference. */
export const twin = (flag: OwnFlag): string => (flag.alias ? '' : variableOf(flag))
