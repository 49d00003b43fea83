import { backendNames } from '../backends/names.ts'
import type { Commands, Verb } from './context.ts'
import { ACTS, alsoTaking, IN_FOREGROUND, LOOKS, OF_SELFTEST, only, PLANS, READS, STARTS, taking } from './front-flags.ts'

/** Every verb in the order of the help. Claude's verbs of the same name are reached with `paude -- VERB`. */
export const verbs = {
  sessions: {
    description: 'List sessions on every usable engine',
    caller: 'management',
    front: { takes: only('--watch', 'detach-keys', 'profile'), acts: '--watch' },
    examples: [
      ['paude sessions', `every session on ${backendNames.join(' and ')}`],
      ["paude sessions --json | jq -r '.[].id'", 'their ids, for scripts'],
    ],
    load: () => import('./sessions/sessions.ts'),
  },
  attach: {
    description: 'Attach this terminal to a running session',
    caller: 'agent',
    front: alsoTaking(PLANS, taking('detach-keys', 'profile')),
    examples: [
      ['paude attach', 'the session of this directory'],
      ['paude attach fix-login', 'by its name'],
      ['paude attach b7k', 'by the start of its id; Ctrl-P Ctrl-Q detaches'],
    ],
    load: () => import('./screen/attach.ts'),
  },
  stop: {
    description: 'Stop a session and keep it',
    caller: 'management',
    front: PLANS,
    examples: [
      ['paude stop', 'the session of this directory'],
      ['paude stop fix-login --grace 60', 'with a minute to finish'],
    ],
    load: () => import('./sessions/stop.ts'),
  },
  start: {
    description: 'Start a stopped session again',
    caller: 'agent',
    front: alsoTaking(PLANS, { ...taking('scrollback', 'profile'), ...only('--attach', 'detach-keys') }),
    examples: [
      ['paude start fix-login', 'go on in the background'],
      ['paude start fix-login --attach', 'go on here'],
    ],
    load: () => import('./sessions/start.ts'),
  },
  fork: {
    description: 'Copy a conversation into a new box',
    caller: 'agent',
    front: STARTS,
    starts: true,
    session: true,
    examples: [
      ['paude fork', 'the conversation of this directory, here'],
      ['paude fork fix-login --detach --session-name other-way', 'in the background, under a name'],
      ['paude fork b7k -- -p "what have we decided?"', 'one question beside it'],
    ],
    load: () => import('./start/fork.ts'),
  },
  up: {
    description: 'Bring back what ran before a reboot',
    caller: 'management',
    front: alsoTaking(PLANS, taking('scrollback', 'profile')),
    examples: [
      ['paude up', 'the sessions of this directory'],
      ['paude up --all', 'all of them, but not what paude stop stopped'],
    ],
    load: () => import('./sessions/up.ts'),
  },
  wait: {
    description: 'Wait until sessions have ended, have answered or need you',
    caller: 'management',
    front: READS,
    examples: [
      ['paude wait', 'until the session of this directory has ended'],
      ['paude wait one two --any --timeout 600', 'for the first of two, ten minutes at most'],
      ['paude wait fix-login --for done,waiting,error', 'until its agent has answered, has a question or failed'],
    ],
    load: () => import('./sessions/wait.ts'),
  },
  output: {
    description: 'Print the answer of a session in the background',
    caller: 'agent',
    front: READS,
    examples: [
      ['paude output b7k', "what it printed, byte for byte; the agent's exit code"],
      ['paude output b7k --follow', 'and wait for the rest'],
    ],
    load: () => import('./screen/output.ts'),
  },
  rm: {
    description: 'Remove a session',
    caller: 'management',
    front: PLANS,
    examples: [
      ['paude rm fix-login', 'a session that has ended'],
      ['paude rm --force --volumes', "also while it runs, and with the project's HOME"],
      ['paude rm --orphans', 'what no session owns any more, and sessions whose paude was killed'],
    ],
    load: () => import('./sessions/rm.ts'),
  },
  hold: {
    description: 'Keep the terminal of a session',
    caller: 'management',
    front: ACTS,
    hidden: true,
    examples: [],
    load: () => import('./screen/hold.ts'),
  },
  screen: {
    description: 'Show the screen of a session, once',
    caller: 'management',
    front: READS,
    examples: [
      ['paude screen fix-login', 'as text'],
      ['paude screen --html', 'with its colours, as a page'],
      ['paude screen --scrollback 200', 'with 200 lines that have left it'],
    ],
    load: () => import('./screen/screen.ts'),
  },
  send: {
    description: 'Type into a session',
    caller: 'management',
    front: ACTS,
    examples: [
      ['paude send fix-login continue', 'a prompt, and Enter'],
      ['paude send fix-login --key escape', 'one key'],
      ['paude send fix-login --key down,enter', 'the second answer of a question'],
    ],
    load: () => import('./screen/send.ts'),
  },
  logs: {
    description: 'Show what a session printed',
    caller: 'management',
    front: READS,
    examples: [
      ['paude logs fix-login', 'what it printed so far'],
      ['paude logs --follow', 'and what it prints from now on'],
    ],
    load: () => import('./screen/logs.ts'),
  },
  events: {
    description: 'Show what the agent of a session did',
    caller: 'management',
    front: READS,
    examples: [
      ['paude events', 'prompts, tools, questions and answers of the session of this directory'],
      ['paude events fix-login --follow', 'and what comes from now on'],
      ['paude events --json | jq -r \'select(.kind == "tool") | .command // .file\'', 'commands and files, for scripts'],
    ],
    load: () => import('./screen/events.ts'),
  },
  exec: {
    description: 'Run a command in a running session',
    caller: 'agent',
    front: PLANS,
    examples: [
      ['paude exec -- git status', 'one command beside the agent of this directory'],
      ['paude exec fix-login -- make test', 'beside that of another session'],
      ['paude exec b7k -- env', 'what the agent sees'],
    ],
    load: () => import('./inside/exec.ts'),
  },
  forward: {
    description: 'Bring ports of a box to this machine',
    caller: 'management',
    front: ACTS,
    examples: [
      ['paude forward 3000', 'http://127.0.0.1:3000 is port 3000 of the box of this directory, until Ctrl-C'],
      ['paude forward fix-login 8080:3000 0:5432', 'port 3000 as 8080 here, and 5432 as any port that is free'],
    ],
    load: () => import('./inside/forward.ts'),
  },
  shell: {
    description: 'Open a shell in a running session',
    caller: 'agent',
    front: PLANS,
    examples: [
      ['paude shell', 'look around in the box'],
      ['paude shell fix-login', 'in the box of another session'],
    ],
    load: () => import('./inside/shell.ts'),
  },
  run: {
    description: 'Run one command in a box of its own',
    caller: 'agent',
    front: IN_FOREGROUND,
    starts: true,
    examples: [
      ['paude run -- make test', 'no network at all'],
      ['paude run --network-allow example.org -- curl https://example.org', 'one host more'],
      ['paude --timeout 60 run -- ./script.sh', 'exit code 124 after a minute'],
    ],
    load: () => import('./start/run.ts'),
  },
  image: {
    description: 'Build, list, check and remove images',
    caller: 'management',
    front: null,
    words: ['build', 'ls', 'check', 'rm'],
    examples: [
      ['paude image build', 'build what a start would build'],
      ['paude image ls', 'images of paude on every engine'],
      ['paude image check my/box:1', 'what an image lacks'],
      ['paude image rm --stale', 'those of earlier versions and settings, unless a session needs them'],
    ],
    load: () => import('./image/image.ts'),
  },
  network: {
    description: 'Show and change what a session may reach',
    caller: 'management',
    front: null,
    words: ['list', 'allow', 'deny', 'unset', 'why', 'blocked', 'watch', 'propose', 'log', 'groups'],
    examples: [
      ['paude network allow example.org', 'one more host for the session of this directory, at once'],
      ['paude network allow @github --for 10m', 'what GitHub needs, for ten minutes'],
      ['paude network deny *.example.org --session fix-login', 'whatever allows it'],
      ['paude network why https://example.org/x', 'which entry decides, and who asked for it'],
      ['paude network list --origin', 'everything that may be reached, and why'],
      ['paude network watch', 'what is blocked as it happens, and one key that allows it'],
      ['paude network allow example.org --user', 'here at once, and in all sessions to come'],
      ['paude network propose', 'the list that would have let everything through, for review'],
      ['paude network propose --project', "the same list into the project's paude.toml"],
      ['paude network blocked', 'what was blocked, each host once'],
      ['paude network log', 'every request of the session of this directory'],
      ['paude network log --blocked --json', 'what was blocked, for scripts'],
    ],
    load: () => import('./network/network.ts'),
  },
  config: {
    description: 'Show, change and check the configuration',
    caller: 'management',
    front: null,
    words: ['show', 'path', 'get', 'set', 'unset', 'edit', 'check', 'schema'],
    examples: [
      ['paude config show --origin', 'every value, with the layer, file and line it is from'],
      ['paude config set network.allow example.org', 'in your own config.toml, comments and all'],
      ['paude config set limits.memory 4g --project', 'in the paude.toml of this project'],
      ['paude config check', 'read every file, and say which of them wait for paude trust'],
    ],
    load: () => import('./config/config.ts'),
  },
  trust: {
    description: "Let a project's own configuration open what it asks for",
    caller: 'management',
    front: { ...LOOKS, acts: true },
    examples: [
      ['paude trust', 'show what the paude.toml here would open, and ask'],
      ['paude trust --list', 'what is trusted, and whether it has changed'],
    ],
    load: () => import('./config/trust.ts'),
  },
  untrust: {
    description: "Trust a project's configuration no longer",
    caller: 'management',
    front: ACTS,
    examples: [
      ['paude untrust', 'that of the project here'],
      ['paude untrust ~/src/old', 'of everything below a folder'],
    ],
    load: () => import('./config/untrust.ts'),
  },
  notify: {
    description: 'Try the ways to tell you that a session needs you',
    caller: 'management',
    front: null,
    words: ['test'],
    examples: [['paude notify test', 'one message by every way in config.toml, and which of them worked']],
    load: () => import('./setup/notify.ts'),
  },
  demo: {
    description: 'Show the box and its wall, without an account',
    caller: 'agent',
    front: IN_FOREGROUND,
    starts: true,
    examples: [['paude demo', 'real Claude Code, a scripted model, a real wall']],
    load: () => import('./start/demo.ts'),
  },
  backends: {
    description: 'List the engines that can run a box',
    caller: 'management',
    front: READS,
    examples: [
      ['paude backends', 'what can run a box here, and what cannot'],
      ['paude backends --json', 'the same for scripts'],
    ],
    load: () => import('./machine/backends.ts'),
  },
  init: {
    description: 'Set paude up here: choose an engine, propose a paude.toml',
    caller: 'management',
    front: alsoTaking(PLANS, taking('force', 'image', 'devcontainer', 'profile', 'ignore-project-config')),
    examples: [
      ['paude init', 'what this project seems to need, shown and asked for'],
      ['paude init --yes --groups npm,github', 'without questions'],
      ['paude init --yes --base-url https://gateway.example.org', 'with the models of a gateway'],
      ['paude init --dry-run', 'only print the paude.toml'],
    ],
    load: () => import('./setup/init.ts'),
  },
  status: {
    description: 'Show how things stand: engine, configuration, images, sessions',
    caller: 'management',
    front: LOOKS,
    examples: [
      ['paude status', 'what a start here would use, and what there is already'],
      ['paude status --json | jq -r .backend.name', 'the engine, for scripts'],
    ],
    load: () => import('./machine/status.ts'),
  },
  doctor: {
    description: 'Check this machine, with a fix for each problem',
    caller: 'management',
    front: LOOKS,
    examples: [
      ['paude doctor', 'what is wrong here, and how to put it right'],
      ['paude doctor --json', 'the same for scripts'],
    ],
    load: () => import('./machine/doctor.ts'),
  },
  selftest: {
    description: 'Try every way out of a real box',
    caller: 'management',
    front: { takes: OF_SELFTEST, acts: true },
    examples: [
      ['paude selftest', 'on the first usable engine'],
      [`paude --backend ${backendNames[1]} selftest --json`, `on ${backendNames[1]}, for machines`],
    ],
    load: () => import('./machine/selftest.ts'),
  },
  version: {
    description: "Print paude's version",
    caller: 'management',
    front: READS,
    examples: [['paude version', "paude's own; paude --version is answered by Claude"]],
    load: () => import('./help/version.ts'),
  },
  service: {
    description: 'Print a unit that runs paude up at login',
    caller: 'management',
    front: READS,
    examples: [
      ['paude service', 'for systemd or launchd, whichever is here; how to use it is said in it'],
      ['paude service --launchd', 'a launch agent of macOS'],
    ],
    load: () => import('./setup/login-service.ts'),
  },
  completion: {
    description: 'Print the completion script of a shell',
    caller: 'management',
    front: READS,
    words: ['bash', 'zsh', 'fish'],
    examples: [
      ['source <(paude completion bash)', 'in ~/.bashrc'],
      ['source <(paude completion zsh)', 'in ~/.zshrc, after compinit'],
      ['paude completion fish | source', 'in ~/.config/fish/config.fish'],
    ],
    load: () => import('./help/completion.ts'),
  },
  help: {
    description: 'Show this help, or that of a verb',
    caller: 'management',
    front: READS,
    examples: [['paude help run', 'flags and examples of a verb']],
    load: () => import('./help/help.ts'),
  },
} as const satisfies Record<string, Verb>

export const aliases: Readonly<Record<string, keyof typeof verbs>> = { ls: 'sessions' }

/** The verb a word means, or null. */
export function findVerb(word: string | undefined): { readonly name: string; readonly verb: Verb } | null {
  if (word === undefined) return null
  const name = Object.hasOwn(aliases, word) ? (aliases[word] ?? word) : word
  return Object.hasOwn(verbs, name) ? { name, verb: verbs[name as keyof typeof verbs] } : null
}

/** Those that people type. */
const shown = Object.fromEntries(Object.entries<Verb>(verbs).filter(([, { hidden }]) => !hidden))

export const commands: Commands = { verbs: shown, aliases, find: findVerb }
