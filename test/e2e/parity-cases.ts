import { expect } from 'bun:test'
import { version } from '../../package.json'
import type { Deeds } from './parity-normal.ts'
import type { Scene, Step } from './parity-side.ts'
import type { BackendName } from './support.ts'

export type Case = Scene & {
  /** A row of docs/differences.md, by its first words, and what the host's claude did turned into what paude does instead. */
  readonly differs?: { readonly row: string; readonly to: (host: Deeds, backend: BackendName) => Deeds }
}

const FREE = '--dangerously-skip-permissions'
const JSON_OUT = ['--output-format', 'json'] as const
const STREAM = ['--output-format', 'stream-json', '--verbose'] as const
const ID = '11111111-2222-4333-8444-555555555555'
const OTHER = '99999999-2222-4333-8444-555555555555'

const one = (...words: readonly string[]): Scene => ({ steps: [{ words }] })
const fed = (stdin: Step['stdin'], ...words: readonly string[]): Scene => ({
  steps: [{ words, ...(stdin === undefined ? {} : { stdin }) }],
})
const several = (...steps: readonly (readonly string[])[]): Scene => ({ steps: steps.map((words) => ({ words })) })
const through = (script: string, ...words: readonly string[]): Scene => ({
  steps: [{ words, through: ['bash', '-c', script, 'bash'] }],
})
const hit = (signal: NodeJS.Signals, ...words: readonly string[]): Scene => ({ steps: [{ words, signal }] })
const hitInStream = (signal: NodeJS.Signals): Scene => ({
  steps: [{ words: ['-p', 'SLEEP 60;;SAY late', ...STREAM, '--include-partial-messages'], signal, after: 'message_start' }],
})
const user = (text: unknown) => `${JSON.stringify({ type: 'user', message: { role: 'user', content: text } })}\n`
const json = (value: unknown) => `${JSON.stringify(value)}\n`

type Ran = Deeds['runs'][number]
/** The same but for the first call. */
const first = (host: Deeds, change: (ran: Ran) => Partial<Ran>): Deeds => ({
  ...host,
  runs: host.runs.map((ran, index) => (index === 0 ? { ...ran, ...change(ran) } : ran)),
})
/** The same with lines of paude's own before Claude's on stderr, or after them. */
const noted = (line: string) => (host: Deeds) => first(host, ({ stderr }) => ({ stderr: [line, ...stderr] }))
const ended =
  (...lines: readonly string[]) =>
  (host: Deeds) =>
    first(host, ({ stderr }) => ({ stderr: [...stderr.slice(0, -1), ...lines, ''] }))
const any = expect.anything()
/** What was printed, with whatever the tools and the model made of it. */
const printed = (host: Deeds, ...stdout: readonly string[]): Deeds => ({
  ...first(host, () => ({ stdout: [...stdout, ''] })),
  transcripts: any,
  asked: any,
})
/** The same line, whatever its ids. */
const kind = (line: unknown) => {
  const { type, subtype, result } = Object(line)
  return typeof line === 'object'
    ? expect.objectContaining({ type, ...(subtype && { subtype }), ...(result && { result }) })
    : line
}
const told = (event: string) =>
  expect.objectContaining({ type: 'system', subtype: 'hook_response', hook_event: event, outcome: 'success' })
/** What the engines' clients say of a stdout that takes no more. */
const CLIENT = {
  docker: (why: string) => `write /dev/stdout: ${why}`,
  podman: (why: string) => expect.stringMatching(new RegExp(`^Error: .*: write /dev/stdout: ${why}$`)),
} as const
/** With the client's complaint; how far the agent came is a matter of time. */
const unread = (host: Deeds, line: string): Deeds => ({ ...ended(line)(host), transcripts: any, asked: any })
const planted = (path: string): readonly string[] => [
  `paude: warning: new or changed in the project since the session began, and this machine may run it: <place>/project/${path}; review it before you use it`,
  expect.stringMatching(/^paude: review it and put it back: paude review --last paude-\w{6}$/),
]

/** An MCP server in a dozen lines of shell. */
const SERVER = `while read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
  case $line in
  *'"server/discover"'*) echo '{"jsonrpc":"2.0","id":"server-discover-probe-1","error":{"code":-32601,"message":"none"}}' ;;
  *'"initialize"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"t","version":"1"}}}' ;;
  *'"tools/list"'*) echo '{"jsonrpc":"2.0","id":'$id',"result":{"tools":[{"name":"echo","description":"says it","inputSchema":{"type":"object"}}]}}' ;;
  esac
done
`
const servers = { mcpServers: { t: { command: 'sh', args: ['server.sh'] } } }
const noRetry = JSON.stringify({ env: { CLAUDE_CODE_MAX_RETRIES: '0' } })

export const cases: Readonly<Record<string, Case>> = {
  // What comes out
  'signs of the shell': one('-p', `SAY one\n\n  two\tthree\n it's "so" \`id\` $(id) $HOME \\ \\\\ !! * ~ {a,b} <x> |&;`),
  'control bytes': one('-p', 'SAY a\u001b[31mred\u0007\ttab'),
  'wide characters as json': one('-p', 'SAY 你好 🎉 e\u0301 שלום', ...JSON_OUT),
  'parts of messages': one('-p', 'SAY one two;;BASH echo b;;SAY three', FREE, ...STREAM, '--include-partial-messages'),
  'stream-json without --verbose': one('-p', 'SAY x', '--output-format', 'stream-json'),
  'an unknown output format': one('-p', 'SAY x', '--output-format', 'xml'),
  'an answer by a schema': one(
    '-p',
    'SAY {"name":"x"}',
    '--json-schema',
    '{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}',
    ...JSON_OUT,
  ),
  'thirty kilobytes come out': one('-p', 'BASH head -c 30000 /dev/zero | tr "\\0" x;;SAY {result}', FREE),

  // What goes in
  'two messages streamed in': fed(user('SAY one') + user('SAY two'), '-p', '--input-format', 'stream-json', ...STREAM),
  'streamed messages repeated': fed(
    user([{ type: 'text', text: 'SAY one' }]),
    '-p',
    '--input-format',
    'stream-json',
    ...STREAM,
    '--replay-user-messages',
  ),
  'streamed nonsense': fed('not json\n', '-p', '--input-format', 'stream-json', ...STREAM),
  'a streamed control request': fed(
    json({ type: 'control_request', request_id: 'r1', request: { subtype: 'initialize' } }) + user('SAY x'),
    '-p',
    '--input-format',
    'stream-json',
    ...STREAM,
  ),
  'stream-json in, text out': fed(user('SAY one'), '-p', '--input-format', 'stream-json'),
  'a prompt by the pipe': fed('SAY piped', '-p', ...JSON_OUT),
  'a prompt by the pipe, without -p': fed('SAY piped'),
  'a prompt and a pipe': fed('more\n', '-p', 'SAY this', ...JSON_OUT),
  'an empty pipe alone': fed('', '-p'),
  'no stdin at all': fed({ kind: 'closed' }, '-p', 'SAY x', ...JSON_OUT),
  'a silent pipe': fed({ kind: 'open' }, '-p', 'SAY x'),
  'a megabyte by the pipe': fed(`SAY ${'0123456789abcde\n'.repeat(65_536)}`, '-p', ...JSON_OUT),
  'bytes that are no text': fed(new Uint8Array([83, 65, 89, 32, 255, 254, 0, 65, 0xc3, 0x28]), '-p', ...JSON_OUT),
  'a prompt as long as one word can be': one('-p', `SAY ${'x'.repeat(131_000)}`),
  'a prompt of a dash': one('-p', '-'),
  'no terminal and no -p': one('SAY x'),
  'nothing at all': one(),

  // Conversations
  'a chosen id, resumed': several(
    ['-p', 'SAY one', '--session-id', ID, ...JSON_OUT],
    ['-p', 'SAY two', '--resume', ID, ...JSON_OUT],
  ),
  'an id used twice': several(['-p', 'SAY one', '--session-id', ID], ['-p', 'SAY two', '--session-id', ID]),
  'an id that is none': one('-p', 'SAY x', '--session-id', 'abc'),
  'continued twice': several(
    ['-p', 'SAY one'],
    ['-p', '-c', 'SAY two', ...JSON_OUT],
    ['-p', '--continue', 'BASH echo 3;;SAY three', FREE, ...JSON_OUT],
  ),
  'continued from nothing': one('-p', '-c', 'SAY x', ...JSON_OUT),
  'an unknown id resumed': one('-p', 'SAY x', '--resume', OTHER),
  'a fork': several(
    ['-p', 'SAY one', '--session-id', ID],
    ['-p', 'SAY two', '-r', ID, '--fork-session', ...JSON_OUT],
    ['-p', 'SAY three', '--resume', ID, ...JSON_OUT],
  ),
  'a fork with an id of its own': several(
    ['-p', 'SAY one', '--session-id', ID],
    ['-p', 'SAY two', '-c', '--fork-session', '--session-id', OTHER, ...JSON_OUT],
  ),
  'an id for a resumed conversation': several(['-p', 'SAY one'], ['-p', 'SAY two', '-c', '--session-id', OTHER]),
  'nothing kept': several(['-p', 'SAY one', '--no-session-persistence'], ['-p', '-c', 'SAY two', ...JSON_OUT]),
  'resumed by name': several(['-p', 'SAY one', '--name', 'blue'], ['-p', 'SAY two', '--resume', 'blue', ...JSON_OUT]),
  'resumed below, where it does not belong': {
    files: { 'below/x': '' },
    steps: [{ words: ['-p', 'SAY one', '--session-id', ID] }, { words: ['-p', 'SAY two', '--resume', ID], below: 'below' }],
  },

  // Flags
  'a mistyped flag': one('-p', 'SAY x', '--modle', 'opus'),
  'turns used up, as json': one('-p', 'BASH echo a;;SAY b', FREE, '--max-turns', '1', ...JSON_OUT),
  'a budget used up': one('-p', 'BASH echo a;;SAY b', FREE, '--max-budget-usd', '0.0000001', ...JSON_OUT),
  'the version': { ...one('--version'), differs: { row: 'Flags and verbs of its own', to: noted(`paude: version ${version}`) } },
  'the help': {
    ...one('--help'),
    differs: {
      row: 'Flags and verbs of its own',
      to: (host) =>
        first(host, () => ({ stdout: expect.arrayContaining(['  paude VERB [FLAGS] [WORDS…]  use one of the verbs below']) })),
    },
  },
  'the help after -p': one('-p', '--help'),
  'the help of a verb': one('mcp', '--help'),
  'a flag of paude too late': {
    ...one('-p', 'SAY x', '--memory', '4g', '--memory=5g'),
    differs: {
      row: 'Flags and verbs of its own',
      to: noted("paude: --memory comes after the agent's first word, so it goes to the agent; for paude's flag, put it first"),
    },
  },
  'a verb of both': {
    ...one('stop', 'nothing'),
    differs: {
      row: 'Flags and verbs of its own',
      to: (host) =>
        first(host, () => ({
          code: 1,
          stdout: [''],
          stderr: ['paude: no session has the name or id "nothing"', '  → paude sessions', ''],
        })),
    },
  },
  'a model by its short name': one('-p', 'SAY x', '--model', 'haiku', ...STREAM),
  'a model nobody knows': one('-p', 'SAY x', '--model', 'no-such-model', ...JSON_OUT),
  'a model by the environment': { steps: [{ words: ['-p', 'SAY x', ...JSON_OUT], env: { ANTHROPIC_MODEL: 'opus' } }] },
  bare: one('-p', 'SAY x', '--bare', ...STREAM),
  restricted: one('-p', 'WRITE a.txt x;;SAY x', '--restricted', ...STREAM),

  // Permissions
  'an allowed tool': one('-p', 'BASH echo a > a.txt;;SAY {result}', '--allowedTools', 'Bash', ...JSON_OUT),
  'a tool allowed in part': one('-p', 'BASH echo a;;BASH touch b;;SAY c', '--allowedTools', 'Bash(echo *)', ...JSON_OUT),
  'a forbidden tool': one('-p', 'BASH echo a;;SAY {result}', FREE, '--disallowedTools', 'Bash', ...STREAM),
  'no tools': one('-p', 'SAY x', '--tools', '', ...STREAM),
  'edits accepted': one(
    '-p',
    'WRITE {cwd}/a.txt hello;;BASH touch b;;SAY {result}',
    '--permission-mode',
    'acceptEdits',
    ...JSON_OUT,
  ),
  'the plan mode': one('-p', 'WRITE {cwd}/a.txt hello;;SAY {result}', '--permission-mode', 'plan', ...STREAM),
  'the auto mode': one('-p', 'WRITE {cwd}/a.txt hello;;BASH touch b;;SAY {result}', '--permission-mode', 'auto', ...JSON_OUT),

  // Tools
  'files made, linked and removed': one(
    '-p',
    'BASH umask; mkdir -p a/b && ln -s ../README.md a/l && echo x > a/b/é.txt && chmod 750 a/b/é.txt && rm README.md;;WRITE {cwd}/a/new.txt hello;;SAY {result}',
    FREE,
  ),
  'a command that fails': one('-p', 'BASH echo out; echo err >&2; exit 3;;SAY {result}', FREE, ...STREAM),
  'output that is no text': one('-p', `BASH printf 'a\\377\\376b\\001';;SAY {result}`, FREE, ...JSON_OUT),
  'a file that is not there': one('-p', 'READ {cwd}/nothing;;SAY {result}', FREE, ...JSON_OUT),
  'a commit': one(
    '-p',
    'BASH echo x > x.txt && git add . && git commit -qm "a commit" && git log --format="%an <%ae> %s";;SAY {result}',
    FREE,
    ...JSON_OUT,
  ),
  'a change of the repository’s settings': {
    ...one('-p', 'BASH git config core.editor vi;;SAY {result}', FREE),
    differs: {
      row: 'Guarded paths',
      to: ended('paude: the agent changed .git/config in the sandbox only: core.editor'),
    },
  },
  'a worktree of its own': {
    ...one('-p', 'BASH pwd; git branch --show-current;;SAY {result}', FREE, '--worktree', 'side'),
    differs: { row: 'Guarded paths', to: ended(...planted('.claude')) },
  },

  // Files in argv
  'a folder beside': {
    files: { 'here/x': '', 'there/y': 'y' },
    steps: [
      {
        words: [
          '-p',
          'WRITE {cwd}/there/new.txt hello;;READ {cwd}/there/y;;SAY {result}',
          '--permission-mode',
          'acceptEdits',
          '--add-dir',
          '../there',
          ...JSON_OUT,
        ],
        below: 'here',
      },
    ],
  },
  'a folder that is not there': one('-p', 'SAY x', '--add-dir', './nothing'),
  'servers from a file': {
    files: { 'mcp.json': json(servers), 'server.sh': SERVER },
    ...one('-p', 'SAY x', '--mcp-config', './mcp.json', '--strict-mcp-config', ...STREAM),
  },
  'servers in the word': {
    files: { 'server.sh': SERVER },
    ...one('-p', 'SAY x', '--mcp-config', JSON.stringify(servers), ...STREAM),
  },
  'servers from a file that is broken': { files: { 'mcp.json': '{' }, ...one('-p', 'SAY x', '--mcp-config', 'mcp.json') },
  'servers of the project': { files: { '.mcp.json': json(servers), 'server.sh': SERVER }, ...one('-p', 'SAY x', ...STREAM) },
  'settings from a file': {
    files: { 's.json': json({ env: { COLOUR: 'blue' }, permissions: { allow: ['Bash'] } }) },
    ...one('-p', 'BASH echo $COLOUR;;SAY {result}', '--settings', './s.json'),
  },
  'settings in the word': one('-p', 'BASH echo $COLOUR;;SAY {result}', FREE, '--settings', '{"env":{"COLOUR":"green"}}'),
  'settings from a file that is not there': one('-p', 'SAY x', '--settings', './nothing.json'),
  'settings that are broken': one('-p', 'SAY x', '--settings', '{"env":'),
  'settings of the project': {
    files: { '.claude/settings.json': json({ permissions: { allow: ['Bash(touch *)'] } }) },
    ...one('-p', 'BASH touch a;;SAY {result}'),
  },
  'memory of the project': {
    files: { 'CLAUDE.md': 'Say please.\n@other.md\n', 'other.md': 'And thanks.\n' },
    ...one('-p', 'SAY x'),
  },
  'hooks of the project': {
    files: {
      '.claude/settings.json': json({
        hooks: {
          SessionStart: [{ hooks: [{ type: 'command', command: 'echo from the hook' }] }],
          PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'command', command: 'cat > hooked.json; echo no >&2; exit 2' }] }],
          Stop: [{ hooks: [{ type: 'command', command: 'pwd > stopped' }] }],
        },
      }),
    },
    volatile: ['hooked.json'],
    ...one('-p', 'BASH touch a;;SAY {result}', FREE, ...STREAM),
  },
  'the events of hooks': {
    ...one('-p', 'SAY x', ...STREAM, '--include-hook-events'),
    differs: {
      row: 'Hooks of paude',
      to: (host) => ({
        ...first(host, ({ stdout }) => ({
          stdout: expect.arrayContaining([...stdout.map(kind), told('UserPromptSubmit'), told('Stop')]),
        })),
        transcripts: any, // ids are numbered as they come, so others than the host's
      }),
    },
  },
  'a log file': { volatile: ['d.log'], ...one('-p', 'SAY x', '--debug-file', './d.log') },
  'a plugin': {
    files: { 'plug/.claude-plugin/plugin.json': json({ name: 'plug' }), 'plug/commands/hi.md': 'SAY hi $ARGUMENTS' },
    ...one('-p', '/plug:hi there', '--plugin-dir', './plug', ...STREAM),
  },
  'agents in the word': one(
    '-p',
    'SAY x',
    '--agents',
    '{"reviewer":{"description":"Reviews","prompt":"Review it."}}',
    '--agent',
    'reviewer',
    ...STREAM,
  ),
  'agents from a file': {
    files: { 'agents.json': json({ reviewer: { description: 'Reviews', prompt: 'Review it.' } }) },
    ...one('-p', 'SAY x', '--agents', './agents.json', ...STREAM),
  },
  'agents of the project': {
    files: { '.claude/agents/blue.md': '---\nname: blue\ndescription: Blue\ntools: Read\n---\nBe blue.\n' },
    ...one('-p', 'SAY x', '--agent', 'blue', ...STREAM),
  },
  'a system prompt': one('-p', 'SAY x', '--system-prompt', 'You are é 猫.\nTwo lines.', ...JSON_OUT),
  'more system prompt': one('-p', 'SAY x', '--append-system-prompt', 'It\'s "so" $HOME `id`', ...JSON_OUT),
  'a system prompt from a file': { files: { 'p.txt': 'Be brief.\n' }, ...one('-p', 'SAY x', '--system-prompt-file', './p.txt') },
  'a system prompt from a file that is not there': one('-p', 'SAY x', '--append-system-prompt-file', './p.txt'),

  // Slash commands
  'a command of the project': {
    files: { '.claude/commands/hi.md': '---\nallowed-tools: Bash\n---\nSAY hi $ARGUMENTS' },
    ...one('-p', '/hi there you', ...JSON_OUT),
  },
  'a skill of the project': {
    files: { '.claude/skills/blue/SKILL.md': '---\nname: blue\ndescription: Be blue\n---\nSAY blue' },
    ...one('-p', '/blue', ...STREAM),
  },
  'an unknown command': one('-p', '/nosuch thing', ...JSON_OUT),
  '/cost': one('-p', '/cost'),
  '/compact': several(['-p', 'SAY one'], ['-p', '-c', '/compact', ...JSON_OUT]),

  // Errors of the API
  'a 400': one('-p', 'ERR 400'),
  'a 401': {
    ...one('-p', 'ERR 401'),
    differs: {
      row: 'A refused credential',
      to: noted(
        expect.stringMatching(
          /^paude: warning: the provider \S+ does not answer the agent: it refuses the credential \(HTTP 401\); paude login/,
        ),
      ),
    },
  },
  'a 429': one('-p', 'ERR 429', '--settings', noRetry, ...JSON_OUT),
  'an error after a tool': one('-p', 'BASH echo a;;ERR 400', FREE, ...JSON_OUT),

  // Verbs
  'no servers listed': one('mcp', 'list'),
  'a server added, listed, got and removed': {
    files: { 'server.sh': SERVER },
    ...several(
      ['mcp', 'add', 't', '--', 'sh', 'server.sh'],
      ['mcp', 'list'],
      ['mcp', 'get', 't'],
      ['mcp', 'remove', 't'],
      ['mcp', 'get', 't'],
    ),
  },
  'a server added for the project': {
    ...one('mcp', 'add', '-s', 'project', 't', '--', 'true'),
    differs: { row: 'Guarded paths', to: ended(...planted('.mcp.json')) },
  },
  'config, which is a verb of paude alone, behind --': one('--', 'config', 'list'),
  'a plugin judged': {
    files: { 'plug/.claude-plugin/plugin.json': json({ name: 'Not A Name' }) },
    ...one('plugin', 'validate', './plug'),
  },
  'who is logged in': one('auth', 'status'),

  // Ends
  'SIGINT while the model thinks': hit('SIGINT', '-p', 'SLEEP 60;;SAY late'),
  'SIGINT in a stream': hitInStream('SIGINT'),
  'SIGTERM while the model thinks': hit('SIGTERM', '-p', 'SLEEP 60;;SAY late'),
  'SIGHUP while the model thinks': {
    ...hit('SIGHUP', '-p', 'SLEEP 60;;SAY late'),
    differs: { row: 'A closed terminal', to: (host) => first(host, () => ({ code: 143 })) },
  },
  'a reader that leaves': {
    ...through('"$@" | head -c 5; echo', '-p', 'SAY a long answer', ...STREAM),
    differs: { row: 'A reader that leaves', to: (host, backend) => unread(host, CLIENT[backend]('broken pipe')) },
  },
  'a stdout that is closed': through('exec "$@" >&-', '-p', 'SAY x'),
  'a stdout that is full': {
    ...through('exec "$@" >/dev/full', '-p', 'SAY x'),
    differs: {
      row: 'A reader that leaves',
      to: (host, backend) =>
        first(unread(host, CLIENT[backend]('no space left on device')), () => ({ code: { docker: 1, podman: 125 }[backend] })),
    },
  },
  'both streams in one file': through('"$@" >both.txt 2>&1; echo $?', '-p', 'SAY x', '--no-such-flag'),

  // Outside
  'settings outside': {
    files: { '../outside/s.json': json({ env: { COLOUR: 'blue' } }) },
    ...one('-p', 'BASH echo $COLOUR;;SAY {result}', FREE, '--settings', '../outside/s.json'),
    differs: {
      row: 'Paths outside',
      to: (host) => ({
        ...first(host, () => ({
          code: 1,
          stdout: [''],
          stderr: [
            'paude: --settings ../outside/s.json is on this machine, not in the sandbox; to mount it: paude --mount <place>/outside/s.json',
            'Error: Settings file not found: <place>/outside/s.json',
            '',
          ],
        })),
        transcripts: [],
        asked: [],
      }),
    },
  },
  'a folder outside': {
    files: { '../outside/y': 'y' },
    ...one('-p', 'BASH cat ../outside/y;;SAY {result}', FREE, '--add-dir', '../outside'),
    differs: {
      row: 'Paths outside',
      to: (host) =>
        noted('paude: --add-dir ../outside is on this machine, not in the sandbox; to mount it: paude --mount <place>/outside')(
          printed(host, 'Exit code 1', 'cat: ../outside/y: No such file or directory'),
        ),
    },
  },
  'a log outside': {
    ...one('-p', 'SAY x', '--debug-file', '../outside/d.log'),
    differs: {
      row: 'Paths outside',
      to: noted(
        'paude: --debug-file ../outside/d.log is written in the sandbox, not on this machine; to keep the file, name one in the project',
      ),
    },
  },
  'a variable of the caller': {
    steps: [{ words: ['-p', 'BASH env | grep COLOUR || echo none;;SAY {result}', FREE], env: { COLOUR: 'blue' } }],
    differs: { row: 'Your environment', to: (host) => printed(host, 'none') },
  },

  // Places
  'a folder below': {
    files: { 'a b/c/x': '' },
    steps: [{ words: ['-p', 'BASH pwd; ls; git rev-parse --show-toplevel;;SAY {result}', FREE, ...STREAM], below: 'a b/c' }],
  },
  'a folder without a repository': { git: false, ...one('-p', 'BASH git status;;SAY {result}', FREE, ...JSON_OUT) },
  'a folder with a strange name': { name: 'é 猫 $x \'"', ...one('-p', 'BASH pwd;;SAY {result}', FREE, ...JSON_OUT) },
}
