import { ACTS, alsoTaking, type Front, LOOKS, OF_IMAGES, only, PLANS, READS, SHOWS, taking } from './front-flags.ts'
import { WATCH_KEYS } from './network/watch-words.ts'

/** What a word of a sub-verb may be, for completion: several, or one of its own. */
export type Kind = 'sessions' | 'groups' | 'group-names' | 'keys' | 'anything'

/** One of the words that may stand after a verb, for its help and its completion. What it does is its verb's. */
export type SubVerb = {
  readonly does: string
  /** What it makes of paude's own flags before the verb. */
  readonly front: Front
  /** Its words as the help shows them. */
  readonly usage: string
  /** Their kinds in turn; the last one is that of all further words where `many` says so. */
  readonly places: readonly Kind[]
  readonly many?: true
  /** Those of the verb's flags that it takes. */
  readonly flags: readonly string[]
  readonly examples: readonly (readonly [line: string, effect: string])[]
  readonly keys?: readonly (readonly [key: string, effect: string])[]
}

const CHANGE = { usage: 'HOST…', places: ['groups'], many: true } as const
const SCOPES = ['session', 'project', 'user', 'json', 'dry-run'] as const
const OF_SESSION = { usage: '[SESSION]', places: ['sessions'] } as const
const OF_KEY = { usage: 'KEY', places: ['keys'] } as const

/** Their help, their completion, and which flags and how many words go with which. */
export const subVerbs: Readonly<Record<string, Readonly<Record<string, SubVerb>>>> = {
  network: {
    list: {
      ...OF_SESSION,
      does: 'List what a session may reach; where there is none here, what a start here might',
      front: LOOKS,
      flags: ['origin', 'json'],
      examples: [['paude network list --origin', 'with who asked for each entry']],
    },
    allow: {
      ...CHANGE,
      does: 'Allow hosts to a session, at once',
      front: alsoTaking(PLANS, only('--user --project', 'profile')),
      flags: ['for', 'once', ...SCOPES],
      examples: [
        ['paude network allow example.org', 'ports 443 and 80, in the session of this directory'],
        ['paude network allow example.org:8443 *.example.org', 'another port, and every host below it'],
        ['paude network allow host.paude.internal:3000', 'a port of your own machine'],
        ['paude network allow @github --for 10m', 'what GitHub needs, for ten minutes'],
        ['paude network allow example.org --user', 'here at once, and in all sessions to come'],
      ],
    },
    deny: {
      ...CHANGE,
      does: 'Deny hosts to a session at once, whatever allows them',
      front: PLANS,
      flags: ['for', 'once', ...SCOPES],
      examples: [
        ['paude network deny *.example.org --session fix-login', 'in another session'],
        ['paude network deny example.org --for 1h', 'for an hour'],
      ],
    },
    unset: {
      ...CHANGE,
      does: 'Take back what was said to a session about hosts',
      front: PLANS,
      flags: SCOPES,
      examples: [
        ['paude network unset example.org', 'what it was started with holds again'],
        ['paude network unset @github --user', 'out of your own config.toml too'],
      ],
    },
    why: {
      does: 'Tell which entry decides about an address; exit code 0 for allowed, 1 for blocked',
      front: LOOKS,
      usage: 'URL [SESSION]',
      places: ['anything', 'sessions'],
      flags: ['json'],
      examples: [['paude network why https://example.org/x', 'which entry, and who asked for it']],
    },
    blocked: {
      ...OF_SESSION,
      does: 'List what was blocked, each host once',
      front: READS,
      flags: ['json'],
      examples: [['paude network blocked', 'with how often, when last, by which program and why']],
    },
    watch: {
      ...OF_SESSION,
      does: 'Show what is blocked as it happens; on a terminal, one key allows it',
      front: ACTS,
      flags: ['json'],
      examples: [
        ['paude network watch', 'the session of this directory'],
        ['paude network watch fix-login | cat', 'a line for each host that is blocked from now on'],
        ['paude network watch --json', 'the same for scripts'],
      ],
      keys: WATCH_KEYS,
    },
    propose: {
      ...OF_SESSION,
      does: 'Print the list that would have let through what a session asked for, for review',
      front: { takes: only('--project', 'profile'), acts: '--project' },
      flags: ['project', 'json'],
      examples: [
        ['paude network propose', 'exact hosts, sorted by group'],
        ['paude network propose --project', "written into the project's paude.toml"],
      ],
    },
    log: {
      ...OF_SESSION,
      does: 'Show every request of a session',
      front: READS,
      flags: ['blocked', 'follow', 'json'],
      examples: [
        ['paude network log --follow', 'and those to come'],
        ['paude network log --blocked --json', 'what was blocked, one object a line'],
      ],
    },
    groups: {
      does: 'List the groups of hosts, or the hosts of one',
      front: READS,
      usage: '[NAME]',
      places: ['group-names'],
      flags: ['json'],
      examples: [['paude network groups github', 'its hosts, and why each is there']],
    },
  },
  config: {
    show: {
      does: 'Show what a start here would take',
      front: SHOWS,
      usage: '',
      places: [],
      flags: ['origin', 'json'],
      examples: [['paude config show --origin', 'with the layer, file and line of each value']],
    },
    path: {
      does: 'Print where the file is',
      front: READS,
      usage: '',
      places: [],
      flags: ['project'],
      examples: [['paude config path --project', 'that of the project']],
    },
    get: {
      ...OF_KEY,
      does: 'Print the value of a key, an entry of a list a line',
      front: SHOWS,
      flags: ['json'],
      examples: [['paude config get network.mode', 'as a start here would take it']],
    },
    set: {
      does: 'Set a key in your own file, or in that of the project',
      front: alsoTaking(ACTS, taking('profile')),
      usage: 'KEY VALUE',
      places: ['keys', 'anything'],
      flags: ['project'],
      examples: [
        ['paude config set limits.memory 4g --project', 'in the paude.toml of this project'],
        ['paude config set network.allow one.example,two.example', 'a list, with commas'],
        ['paude config set env.NAME value', 'a variable of the box'],
      ],
    },
    unset: {
      ...OF_KEY,
      does: 'Take a key out of the file',
      front: alsoTaking(ACTS, taking('profile')),
      flags: ['project'],
      examples: [['paude config unset limits.memory', 'out of your own config.toml']],
    },
    edit: {
      does: 'Open the file in your editor, and check it afterwards',
      front: ACTS,
      usage: '',
      places: [],
      flags: ['project'],
      examples: [['paude config edit', 'your own config.toml in $EDITOR']],
    },
    check: {
      does: 'Read every file, and say which of them wait for paude trust',
      front: LOOKS,
      usage: '',
      places: [],
      flags: [],
      examples: [['paude config check', 'those that a start here would read']],
    },
    schema: {
      does: 'Print the JSON Schema of the files, for editors',
      front: READS,
      usage: '',
      places: [],
      flags: [],
      examples: [['paude config schema', 'every key, and what it may be']],
    },
  },
  image: {
    build: {
      does: 'Build what a start here would build',
      front: alsoTaking(PLANS, taking('backend', 'agent-version', 'ca-file', 'devcontainer', 'profile', 'ignore-project-config')),
      usage: '',
      places: [],
      flags: ['no-cache', 'agent-version', 'dry-run'],
      examples: [['paude image build --no-cache', 'every step anew, also when the image is there']],
    },
    ls: {
      does: 'List images of paude on every engine',
      front: READS,
      usage: '',
      places: [],
      flags: ['json'],
      examples: [['paude image ls', 'with their size and age']],
    },
    check: {
      does: 'Tell what an image lacks for a box',
      front: { takes: taking('backend', ...OF_IMAGES), acts: true },
      usage: '[REFERENCE]',
      places: ['anything'],
      flags: ['quick', 'json'],
      examples: [
        ['paude image check my/box:1', 'an image of your own'],
        ['paude image check --quick', "paude's own, without starting a container"],
      ],
    },
    rm: {
      does: 'Remove images',
      front: alsoTaking(PLANS, { ...only('--stale', ...OF_IMAGES), ...taking('backend', 'profile') }),
      usage: '[REFERENCE…]',
      places: ['anything'],
      many: true,
      flags: ['stale', 'dry-run'],
      examples: [['paude image rm --stale', 'every one that a start here would not use']],
    },
  },
  notify: {
    test: {
      does: 'Send one message by every way in config.toml, and say which worked',
      front: alsoTaking(ACTS, taking('profile')),
      usage: '',
      places: [],
      flags: ['json'],
      examples: [['paude notify test', 'to try the ways']],
    },
  },
}

/** A word of a verb; undefined for what is none of its own, like `constructor`. */
export function subVerb(verb: string, word: string): SubVerb | undefined {
  const words = subVerbs[verb] ?? {}
  return Object.hasOwn(words, word) ? words[word] : undefined
}

/** What goes with a word; every other flag would be swallowed. */
export const flagsOf = (verb: string, word: string): readonly string[] => subVerb(verb, word)?.flags ?? []

/** How many words may stand behind it. */
export function mostWords(verb: string, word: string): number {
  const { places, many } = subVerb(verb, word) ?? { places: [] }
  return many === true ? Number.POSITIVE_INFINITY : places.length
}
