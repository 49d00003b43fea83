import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { quote } from '../../src/plan/shell.ts'

const root = join(import.meta.dir, '../..')
const installed = (shell: string) => {
  const there = Bun.which(shell) !== null
  if (!there) console.log(`skipped: completion in ${shell}, which is not installed`)
  return there
}

let room = ''
let env: Record<string, string> = {}
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-completion-'))
  const program = join(room, 'paude')
  writeFileSync(program, `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(join(root, 'src/main.ts'))} "$@"\n`)
  chmodSync(program, 0o755)
  for (const [id, name] of [
    ['paude-bcd234', 'fix-login'],
    ['paude-xyz789', ''],
  ] as const) {
    const folder = join(room, 'state/paude/sessions', id)
    mkdirSync(folder, { recursive: true })
    const record = {
      v: 1,
      id,
      name,
      backend: 'docker',
      agent: 'claude',
      version: '0',
      created: '',
      workspace: '/x',
      directory: '/x',
      network: 'restricted',
      allow: [],
      terminal: true,
      homeVolume: '',
      credential: '',
    }
    writeFileSync(join(folder, 'session.json'), JSON.stringify(record))
  }
  env = { PATH: `${room}:/usr/bin:/bin`, HOME: room, XDG_STATE_HOME: join(room, 'state'), TERM: 'dumb' }
})
afterAll(() => rmSync(room, { recursive: true }))

function shell(name: string, script: string): { readonly lines: readonly string[]; readonly err: string } {
  const { stdout, stderr } = Bun.spawnSync([name, '-c', script], { env, cwd: room })
  return {
    lines: stdout
      .toString()
      .split('\n')
      .filter((line) => line !== ''),
    err: stderr.toString(),
  }
}
const scripts = new Map<string, string>()
/** The script of a shell: made once. */
function script(name: string): string {
  const made = scripts.get(name) ?? Bun.spawnSync([join(room, 'paude'), 'completion', name], { env }).stdout.toString()
  scripts.set(name, made)
  return made
}

/** What a user has typed, and what must be offered, and what must not. */
const typed: readonly (readonly [words: readonly string[], offers: readonly string[], not: readonly string[]])[] = [
  [[''], ['stop', 'sessions', 'ls', 'help', 'completion'], ['none', 'fix-login']],
  [['st'], ['stop', 'start'], ['shell']],
  [['--net'], ['--network', '--network-allow'], ['--pull']],
  [
    ['--network', ''],
    ['restricted', 'open', 'none'],
    ['stop', '--pull'],
  ],
  [['--detach', '--network', 'none', 'sto'], ['stop'], ['start']],
  [['stop', ''], ['paude-bcd234', 'fix-login', 'paude-xyz789'], ['restricted']],
  [['stop', 'fix'], ['fix-login'], ['paude-bcd234']],
  [['stop', '--g'], ['--grace'], ['--json']],
  [['image', ''], ['build', 'ls', 'check'], []],
  [['help', 'sto'], ['stop'], []],
  [['run', '--net'], ['--network', '--network-allow'], []],
  [['completion', ''], ['bash', 'zsh', 'fish'], ['sessions']],
]

describe.skipIf(!installed('bash'))('bash', () => {
  const complete = (words: readonly string[]) =>
    shell(
      'bash',
      `${script('bash')}\nCOMP_WORDS=(paude ${words.map((word) => (word === '' ? "''" : quote(word))).join(' ')}); COMP_CWORD=${words.length}; _paude; printf '%s\\n' "\${COMPREPLY[@]}"`,
    )

  test('can read the script', () => {
    expect(Bun.spawnSync(['bash', '-n'], { stdin: Buffer.from(script('bash')) }).stderr.toString()).toBe('')
  })

  test.each([...typed])('%j offers %j', (words, offers, not) => {
    const { lines, err } = complete(words)
    expect(err).toBe('')
    for (const offer of offers) expect(lines).toContain(offer)
    for (const other of not) expect(lines).not.toContain(other)
  })

  test('knows the value of a flag behind its =, which bash cuts off', () => {
    expect(complete(['--network', '=', 'o']).lines).toEqual(['open'])
    expect(complete(['--network', '=']).lines).toContain('restricted')
    expect(complete(['--network', '=', 'none', 'sto']).lines).toEqual(['stop'])
  })

  test("offers nothing of ours among Claude's words", () => {
    expect(complete(['-p', 'sto']).lines).toEqual([])
    expect(complete(['--', 'sto']).lines).toEqual([])
  })
})

describe.skipIf(!installed('zsh'))('zsh', () => {
  // The completion system's own functions print what they are given.
  const stubs = `compdef() { :; }
_describe() { local name=\${@[-1]}; print -rl -- \${(P)name%%:*} }
compadd() { if [[ $1 == -a ]]; then print -rl -- \${(P)2}; else shift; print -rl -- "$@"; fi }
compset() { PREFIX=; }
_files() { print -r -- files }
_default() { :; }`
  const complete = (words: readonly string[]) =>
    shell(
      'zsh',
      `${stubs}\n${script('zsh')}\nwords=(paude ${words.map((word) => (word === '' ? "''" : quote(word))).join(' ')}); CURRENT=${words.length + 1}; _paude`,
    )

  test('can read the script', () => {
    expect(Bun.spawnSync(['zsh', '-n'], { stdin: Buffer.from(script('zsh')) }).stderr.toString()).toBe('')
  })

  // zsh itself leaves out what does not fit the word so far.
  test.each([...typed.filter(([words]) => words.at(-1) === '')])('%j offers %j', (words, offers, not) => {
    const { lines, err } = complete(words)
    expect(err).toBe('')
    for (const offer of offers) expect(lines).toContain(offer)
    for (const other of not) expect(lines).not.toContain(other)
  })

  test('knows the value of a flag behind its =, and paths', () => {
    expect(complete(['--network=']).lines).toEqual(['restricted', 'open', 'none', 'record'])
    expect(complete(['--mount', '']).lines).toEqual(['files'])
    expect(complete(['-p', '']).lines).toEqual([])
  })
})

describe.skipIf(!installed('fish'))('fish', () => {
  const complete = (words: readonly string[]) => {
    const { lines, err } = shell('fish', `${script('fish')}\ncomplete -C ${quote(['paude', ...words].join(' '))}`)
    return { lines: lines.map((line) => line.split('\t')[0] ?? ''), err }
  }

  test('can read the script', () => {
    expect(shell('fish', script('fish'))).toEqual({ lines: [], err: '' })
  })

  test.each([...typed])('%j offers %j', (words, offers, not) => {
    const { lines, err } = complete(words)
    expect(err).toBe('')
    for (const offer of offers) expect(lines).toContain(offer)
    for (const other of not) expect(lines).not.toContain(other)
  })

  test('knows the value of a flag behind its =', () => {
    expect(complete(['--network=o']).lines).toEqual(['--network=open'])
    expect(complete(['-p', '--netw']).lines).toEqual([])
  })
})
