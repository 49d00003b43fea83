import { type Case, fed, NO_TEXT, one, PNG, several, through } from './agent-cases.ts'

const SCHEMA = '{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}'
const UNKNOWN = '99999999-2222-7333-8444-555555555555'

/** Each in a sandbox of its own. */
export const cases: Readonly<Record<string, Case>> = {
  'signs of the shell': one('exec', `SAY one\n\n  two\tthree\n it's "so" \`id\` $(id) $HOME \\ \\\\ !! * ~ {a,b} <x> |&`),
  'events of a command': one('exec', '--json', 'SAY one;;BASH echo b;;SAY {result}'),
  'files that are written': one('exec', 'BASH mkdir -p a/b; echo hi > a/b/c; chmod 750 a/b/c; ln -s c a/b/d;;SAY {result}'),
  'a prompt by the pipe': fed('SAY piped', 'exec'),
  'a prompt and a pipe': fed('more\n', 'exec', 'SAY this'),
  'no stdin at all': fed({ kind: 'closed' }, 'exec', 'SAY x'),
  'a megabyte by the pipe': fed(`SAY ${'0123456789abcde\n'.repeat(65_536)}`, 'exec', '--json'),
  'a prompt as long as one word can be': one('exec', `SAY ${'x'.repeat(131_000)}`),
  'no terminal and no exec': one('SAY x'),
  'nothing at all': one(),
  'one resumed by its id, twice': several(
    ['exec', '--json', 'SAY one'],
    ['exec', 'resume', '{id}', 'SAY two', '--json'],
    ['exec', 'resume', '{id}', 'BASH echo 3;;SAY {result}', '--json'],
  ),
  'a fork': several(
    ['exec', '--json', 'SAY one'],
    ['exec', 'fork', '{id}', 'SAY two', '--json'],
    ['exec', 'resume', '--last', 'SAY three', '--json'],
  ),
  'a mistyped flag': one('exec', '--jsno', 'SAY x'),
  'the last message in a file': one('exec', '-o', 'out.txt', 'SAY kept'),
  'an image': { files: { 'a.png': PNG }, ...one('exec', '-i', 'a.png', '--', 'SAY seen') },
  'settings of the project': { files: { '.codex/config.toml': 'model = "gpt-5"\n' }, ...one('exec', '--json', 'SAY x') },
  'SIGINT while the model thinks': { steps: [{ words: ['exec', '--json', 'SLEEP 60;;SAY late'], signal: 'SIGINT' }] },
  'SIGTERM while the model thinks': { steps: [{ words: ['exec', 'SLEEP 60;;SAY late'], signal: 'SIGTERM' }] },
  'both streams in one file': through('"$@" >both.txt 2>/dev/null; echo $?', 'exec', 'SAY x'),
  'a folder below': {
    files: { 'a b/c/x': '' },
    steps: [{ words: ['exec', 'BASH pwd; ls; git rev-parse --show-toplevel;;SAY {result}'], below: 'a b/c' }],
  },
  'a folder without a repository': { git: false, ...one('exec', 'BASH git status;;SAY {result}') },
  'a folder with a strange name': { name: 'é 猫 $x \'"', ...one('exec', 'BASH pwd;;SAY {result}') },
}

/** All in one sandbox, one after the other. */
export const together: Readonly<Record<string, Case>> = {
  'control bytes': one('exec', 'SAY a\u001b[31mred\u0007\ttab'),
  'wide characters as events': one('exec', '--json', 'SAY 你好 🎉 e\u0301 שלום'),
  'events of a command that fails': one('exec', '--json', 'BASH echo no >&2; exit 3;;SAY over'),
  'colour in a pipe': one('exec', '--color', 'always', 'SAY x'),
  'thirty kilobytes come out': one('exec', 'BASH head -c 30000 /dev/zero | tr "\\0" x > f; wc -c f;;SAY {result}'),
  'the same by its short name': one('e', 'SAY short'),
  'a prompt by the pipe, as a dash': fed('SAY piped', 'exec', '-'),
  'an empty pipe alone': fed('', 'exec'),
  'bytes that are no text': fed(NO_TEXT, 'exec'),
  'the last one resumed': several(['exec', 'SAY one'], ['exec', 'resume', '--last', 'SAY two', '--json']),
  'an unknown id resumed': one('exec', 'resume', UNKNOWN, 'SAY x'),
  'nothing kept': several(['exec', '--ephemeral', 'SAY one'], ['exec', '--json', 'resume', '--last', 'SAY two']),
  'a value that is none': one('exec', '-s', 'none', 'SAY x'),
  'an answer by a schema': { files: { 's.json': SCHEMA }, ...one('exec', '--output-schema', 's.json', 'SAY {"name":"x"}') },
  'a schema that is broken': { files: { 's.json': '{' }, ...one('exec', '--output-schema', 's.json', 'SAY x') },
  'a schema that is not there': one('exec', '--output-schema', './nothing.json', 'SAY x'),
  'a model by its name': one('exec', '--json', '-m', 'gpt-5', 'SAY x'),
  'a setting in the word': one('exec', '-c', 'model="gpt-5"', 'SAY x'),
  'a setting that is broken': one('exec', '-c', 'sandbox_mode=7', 'SAY x'),
  'a profile that is not there': one('exec', '-p', 'nothing', 'SAY x'),
  'all of its guards off': one('exec', '--dangerously-bypass-approvals-and-sandbox', 'BASH echo a;;SAY {result}'),
  'the help of exec': one('exec', '--help'),
  'two images': { files: { 'a.png': PNG, 'b.png': PNG }, ...one('exec', '-i', 'a.png,b.png', '--', 'SAY seen') },
  'an image that is not there': one('exec', '-i', './nothing.png', '--', 'SAY x'),
  'another folder': { files: { 'below/x': 'x' }, ...one('exec', '-C', 'below', 'BASH pwd; ls;;SAY {result}') },
  'a folder that is not there': one('exec', '-C', './nothing', 'SAY x'),
  'memory of the project': { files: { 'AGENTS.md': 'Say please.\n' }, ...one('exec', 'SAY x') },
  'a 400': one('exec', 'ERR 400'),
  'a 400 as events': one('exec', '--json', 'ERR 400'),
  'an error after a command': one('exec', '--json', 'BASH echo a;;ERR 400'),
  'servers added, listed and removed': several(
    ['mcp', 'list'],
    ['mcp', 'add', 't', '--', 'true'],
    ['mcp', 'list', '--json'],
    ['mcp', 'remove', 't'],
  ),
}
