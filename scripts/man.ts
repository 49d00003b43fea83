import manifest from '../package.json' with { type: 'json' }
import { flagsOf } from '../src/cli/args.ts'
import { allVerbs } from '../src/cli/help/groups.ts'
import { twin, typed } from '../src/cli/help/text.ts'
import { commands } from '../src/cli/verbs.ts'
import { KEY_MEANINGS } from '../src/config/keys/meanings.ts'
import { flagWord, type OwnFlag } from '../src/config/keys/own-flags.ts'

type Facts = { readonly flags: readonly OwnFlag[]; readonly codes: readonly (readonly [string, string])[] }

/** The manual page as roff, with the macros of man(7). No date: the same tables give the same page. */
export async function manPage({ flags, codes }: Facts): Promise<string> {
  const verbs = await Promise.all(
    allVerbs(commands.names).flatMap(({ names }) => names.map(async (name) => [name, await commands.load(name)] as const)),
  )
  return [
    `.TH PAUDE 1 "" "paude ${manifest.version}" "User Commands"`,
    ...section('NAME', ['paude \\- run a coding agent in a container whose only way out is an allowlist']),
    ...section('SYNOPSIS', ['.B paude', '[FLAGS] [WORDS...]', '.br', '.B paude', 'VERB [FLAGS] [WORDS...]']),
    ...section('DESCRIPTION', [
      roff('Without a verb, paude starts the agent in a container and passes WORDS on to it.'),
      roff("paude's flags come first. The first word that paude does not know goes to the agent, with all words after it."),
      roff('A word -- ends the flags.'),
    ]),
    ...section(
      'VERBS',
      verbs.flatMap(([name, verb]) => [
        ...('verbs' in verb
          ? Object.entries(verb.verbs).flatMap(([inner, one]) => entry(`${name} ${inner}`, [one.description]))
          : entry(name, [
              verb.description,
              ...flagsOf(verb.args ?? {}).map(([flag, about]) => `${typed(flag, about)}: ${about.description}`),
            ])),
      ]),
    ),
    ...section(
      'FLAGS',
      flags.flatMap((flag) =>
        entry(flagWord(flag), [flag.description, ...(twin(flag) === '' ? [] : [`Variable: ${twin(flag)}`])]),
      ),
    ),
    ...section(
      'CONFIGURATION',
      Object.entries(KEY_MEANINGS).flatMap(([key, meaning]) => (key === '' ? [] : entry(key, [meaning]))),
    ),
    ...section('FILES', [
      ...entry('~/.config/paude/config.toml', ['Your configuration: paude config edit']),
      ...entry('paude.toml', ["A project's configuration; what it opens needs your approval: paude trust"]),
      ...entry('/etc/paude/managed.toml', ['Limits for everybody on this machine']),
    ]),
    ...section('EXIT STATUS', [
      roff('A session ends with the exit code of its agent or command. paude itself uses these:'),
      ...codes.flatMap(([code, meaning]) => entry(code, [meaning])),
    ]),
    ...section('EXAMPLES', [
      ...entry('paude', ['Open the agent here']),
      ...entry('paude -p "explain this repository"', ['Print one answer']),
      ...entry('paude --network-allow example.org', ['Let the agent reach one more host']),
      ...entry('paude run -- make test', ['Run a command in the same container, without network']),
    ]),
    '',
  ].join('\n')
}

const section = (title: string, lines: readonly string[]): readonly string[] => [`.SH ${title}`, ...lines]

const entry = (term: string, lines: readonly string[]): readonly string[] => [
  '.TP',
  `.B ${roff(term)}`,
  ...lines.flatMap((line, index) => [...(index === 0 ? [] : ['.br']), roff(line)]),
]

/** A backslash, a dash and a dot or quote at the beginning mean something to roff. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&')
