import { expect } from 'bun:test'
import { version } from '../../package.json'
import { type Case, type Deeds, fed, NO_TEXT, one, PNG, several, through } from './agent-cases.ts'

const JSON_OUT = ['-o', 'json'] as const
const STREAM = ['-o', 'stream-json'] as const
const ID = '11111111-2222-4333-8444-555555555555'
const UNKNOWN = '99999999-2222-4333-8444-555555555555'
/** The same, but for the only call. */
const but =
  (change: (ran: Deeds['runs'][number]) => Partial<Deeds['runs'][number]>) =>
  (host: Deeds): Deeds => ({ ...host, runs: host.runs.map((ran) => ({ ...ran, ...change(ran) })) })
const json = (value: unknown) => `${JSON.stringify(value)}\n`

/** Each in a sandbox of its own. */
export const cases: Readonly<Record<string, Case>> = {
  // What comes out
  'signs of the shell': one('-p', `SAY one\n\n  two\tthree\n it's "so" \`id\` $(id) $HOME \\ \\\\ !! * ~ {a,b} <x> |&`),
  'events of a command': one('--yolo', ...STREAM, '-p', 'SAY one;;BASH echo b;;SAY {result}'),
  'both streams in one file': through('"$@" >both.txt 2>&1; echo $?', '--no-such-flag', '-p', 'SAY x'),
  'a stdout that is closed': through('exec "$@" >&-', '-p', 'SAY x'),

  // What goes in
  'a prompt by the pipe': fed('SAY piped'),
  'a prompt and a pipe': fed('more\n', '-p', 'SAY this'),
  'an empty pipe alone': fed(''),
  'bytes that are no text': fed(NO_TEXT),
  'no stdin at all': fed({ kind: 'closed' }, '-p', 'SAY x'),
  'a megabyte by the pipe': fed(`SAY ${'0123456789abcde\n'.repeat(65_536)}`, ...JSON_OUT),
  'a prompt as long as one word can be': one('-p', `SAY ${'x'.repeat(131_000)}`),
  'no terminal and no -p': one('SAY x'),
  'nothing at all': one(),
  'an image': { files: { 'a.png': PNG }, ...one('-p', 'SAY seen @a.png', ...JSON_OUT) },

  // Conversations
  'one resumed by its id': several(
    ['-p', 'SAY one', ...JSON_OUT],
    ['-r', '{id}', '--yolo', '-p', 'BASH echo 3;;SAY {result}', ...JSON_OUT],
  ),
  'the last one resumed': several(['-p', 'SAY one'], ['-r', 'latest', '-p', 'SAY two', ...JSON_OUT]),
  'an id used twice': several(['--session-id', ID, '-p', 'SAY one'], ['--session-id', ID, '-p', 'SAY two']),
  'a conversation removed': several(['--session-id', ID, '-p', 'SAY one'], ['--delete-session', '1'], ['--list-sessions']),

  // Tools
  'files that are written': one(
    '--yolo',
    '-p',
    'BASH mkdir -p a/b; echo hi > a/b/c; chmod 750 a/b/c; ln -s c a/b/d;;SAY {result}',
  ),
  'a commit': {
    ...one(
      '--yolo',
      '-p',
      'BASH echo x > x.txt && git add . && git commit -qm "a commit" && git log --format="%an <%ae> %s";;SAY {result}',
    ),
    differs: {
      row: 'Your name in git',
      to: but(() => ({ stdout: 'Ada Test <ada@example.test> a commit\nAda Test <ada@example.test> first\n' })),
    },
  },
  'edits accepted': one('--approval-mode', 'auto_edit', '-p', 'WRITE a.txt hello;;BASH touch b;;SAY {result}', ...JSON_OUT),

  // Files in argv
  'another folder': {
    files: { 'here/x': '', 'there/y': 'y' },
    steps: [{ words: ['--yolo', '--include-directories', '../there', '-p', 'READ ../there/y;;SAY {result}'], below: 'here' }],
  },
  'a policy': {
    files: { 'p.toml': '[[rule]]\ntoolName = "run_shell_command"\ndecision = "allow"\npriority = 100\n' },
    ...one('--policy', 'p.toml', '-p', 'BASH echo b;;SAY {result}', ...JSON_OUT),
  },
  'settings of the project': {
    files: { '.gemini/settings.json': json({ model: { name: 'gemini-2.5-pro' } }) },
    ...one('-p', 'SAY x', ...STREAM),
  },
  'memory of the project': {
    files: { 'GEMINI.md': 'Say please.\n@other.md\n', 'other.md': 'And thanks.\n' },
    ...one('-p', 'SAY x'),
  },
  'a command of the project': {
    files: { '.gemini/commands/hi.toml': 'prompt = "SAY hi {{args}}"\n' },
    ...one('-p', '/hi there you'),
  },
  'hooks of the project': {
    files: {
      '.gemini/settings.json': json({
        hooks: { BeforeTool: [{ hooks: [{ type: 'command', command: 'touch hooked; echo no >&2; exit 2' }] }] },
      }),
    },
    ...one('--yolo', '-p', 'BASH touch a;;SAY {result}', ...STREAM),
    differs: {
      row: 'Hooks of paude',
      to: but(({ stderr }) => ({ stderr: stderr.replace('BeforeTool: 0 succeeded', 'BeforeTool: 1 succeeded') })),
    },
  },
  'a server added and listed': several(['mcp', 'add', '--scope', 'user', 't', 'true'], ['mcp', 'list']),
  'extensions listed': {
    ...one('extensions', 'list'),
    differs: { row: '`gemini extensions list`', to: but(() => ({ stderr: expect.stringContaining('paude (1.0.0)') })) },
  },

  // Ends
  'SIGINT while the model thinks': { steps: [{ words: ['-p', 'SLEEP 60;;SAY late'], signal: 'SIGINT' }] },
  'SIGTERM while the model thinks': { steps: [{ words: ['-p', 'SLEEP 60;;SAY late'], signal: 'SIGTERM' }] },
  'a 400': one('-p', 'ERR 400'),
  'a 400 as json': one('-p', 'ERR 400', ...JSON_OUT),
  'a 400 as events': one('-p', 'ERR 400', ...STREAM),

  // Places
  'a folder below': {
    files: { 'a b/c/x': '' },
    steps: [{ words: ['--yolo', '-p', 'BASH pwd; ls; git rev-parse --show-toplevel;;SAY {result}'], below: 'a b/c' }],
  },
  'a folder without a repository': { git: false, ...one('--yolo', '-p', 'BASH git status;;SAY {result}') },
  'a folder with a strange name': { name: 'é 猫 $x \'"', ...one('--yolo', '-p', 'BASH pwd;;SAY {result}') },
  'the version': {
    ...one('--version'),
    differs: { row: 'Flags and verbs of its own', to: but(({ stderr }) => ({ stderr: `paude: version ${version}\n${stderr}` })) },
  },
  'a mistyped flag': one('--modle', 'x', '-p', 'SAY x'),
  'a model by the environment': { steps: [{ words: ['-p', 'SAY x', ...STREAM], env: { GEMINI_MODEL: 'gemini-2.5-pro' } }] },
}

/** All in one sandbox, one after the other. */
export const together: Readonly<Record<string, Case>> = {
  'control bytes': one('-p', 'SAY a\u001b[31mred\u0007\ttab'),
  'wide characters as json': one('-p', 'SAY 你好 🎉 e\u0301 שלום', ...JSON_OUT),
  'events of a command that fails': one('--yolo', ...STREAM, '-p', 'BASH echo no >&2; exit 3;;SAY over'),
  'a file that is not there': one('--yolo', '-p', 'READ nothing;;SAY {result}', ...STREAM),
  'an unknown id resumed': one('-r', UNKNOWN, '-p', 'SAY x'),
  'a value that is none': one('--approval-mode', 'none', '-p', 'SAY x'),
  'a model by its name': one('-m', 'gemini-2.5-flash', '-p', 'SAY x', ...STREAM),
  'no shell without being asked': one('-p', 'BASH echo b;;SAY {result}', ...STREAM),
  'the plan mode': one('--approval-mode', 'plan', '-p', 'WRITE a.txt hello;;SAY {result}', ...STREAM),
}
