import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flagsOf } from '../../src/cli/args.ts'
import { uncut } from '../../src/cli/help/offers.ts'
import { type OwnFlag, ownFlags } from '../../src/config/keys/own-flags.ts'
import { quote } from '../../src/plan/shell.ts'
import { programLine } from '../support/program.ts'
import { served } from '../support/served.ts'
import { everyVerb } from '../support/verbs.ts'

const installed = (shell: string) => {
  const there = Bun.which(shell) !== null
  if (!there) console.log(`skipped: completion in ${shell}, which is not installed`)
  return there
}

let room = ''
let env: Record<string, string> = {}
beforeAll(async () => {
  room = mkdtempSync(join(tmpdir(), 'paude-completion-'))
  for (const engine of ['docker', 'podman'])
    writeFileSync(join(room, engine), '#!/bin/sh\necho called > "$HOME/engine"\n', { mode: 0o755 })
  mkdirSync(join(room, '.config/paude'), { recursive: true })
  writeFileSync(join(room, '.config/paude/config.toml'), '[profiles.ci.limits]\ncpus = 2\n')
  writeFileSync(join(room, 'paude.toml'), '[profiles.laptop.limits]\ncpus = 1\n')
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
  writeFileSync(join(room, 'paude'), `#!/bin/sh\n${await answers()}exec ${programLine} "$@"\n`, { mode: 0o755 })
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

/** What paude says to the words below, in lines of sh: a start for each of a hundred would be most of what this file takes. */
async function answers(): Promise<string> {
  const cases: string[] = []
  for (const name of ['bash', 'zsh', 'fish'])
    for (const [typedWords] of typed) {
      const words = ['completion', name, '--', ...typedWords]
      const { stdout } = await served({ words, env, cwd: room })
      cases.push(`${quote(words.join(' '))}) printf %s ${quote(stdout)}; exit ;;\n`)
    }
  return `case "$*" in\n${cases.join('')}esac\n`
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
  [
    ['network', ''],
    ['list', 'allow'],
    ['fix-login', '@github'],
  ],
  [
    ['network', 'allow', ''],
    ['@github', '@npm'],
    ['list', 'allow', 'fix-login', '--origin'],
  ],
  [['network', 'allow', 'example.org', ''], ['@github'], ['list']],
  [['network', 'allow', '--f'], ['--for'], ['--follow', '--force']],
  [
    ['network', 'allow', 'example.org', '--session', ''],
    ['fix-login', 'paude-bcd234'],
    ['list', '@github', '--json'],
  ],
  [['network', 'list', ''], ['fix-login'], ['list', 'allow', '--for', '--origin']],
  [['network', 'list', '--'], ['--origin', '--json'], ['fix-login']],
  [['help', 'network.al'], ['network.allow'], ['network']],
  [['help', 'fla'], ['flags'], []],
  [['network', 'list', 'fix-login', ''], ['--origin'], ['paude-bcd234', 'list']],
  [['network', 'why', ''], ['--json'], ['fix-login', 'list']],
  [['network', 'why', 'https://example.org', ''], ['fix-login'], ['list']],
  [
    ['network', 'groups', ''],
    ['github', 'npm'],
    ['@github', 'fix-login'],
  ],
  [
    ['config', 'set', ''],
    ['limits.memory', 'network.allow'],
    ['show', 'set', '--json'],
  ],
  [['config', 'set', 'limits.memory', ''], ['--project'], ['network.allow', 'set']],
  [
    ['config', 'set', 'network.mode', ''],
    ['restricted', 'open', 'none'],
    ['record', 'network.mode'],
  ],
  [['config', 'set', '--project', 'network.mode', 'o'], ['open'], ['none']],
  [['config', 'set', 'security.no_new_privileges', ''], ['true', 'false'], []],
  [['config', 'set', 'notify.on', ''], ['done', 'waiting'], ['true']],
  [['config', 'set', 'notify.terminal', ''], ['bell'], ['true']],
  [['config', 'set', 'profiles.ci.image.pull', ''], ['always', 'never'], ['ci']],
  [['config', 'set', 'no.such', ''], ['--project'], ['true', 'none']],
  [
    ['wait', 'fix-login', '--for', ''],
    ['exited', 'done', 'waiting'],
    ['fix-login', '--any'],
  ],
  [['image', 'rm', ''], ['--stale'], ['rm', 'build', '--quick']],
  [
    ['help', 'network', ''],
    ['watch', 'allow'],
    ['network', 'stop'],
  ],
  [['help', 'run', ''], [], ['stop', 'watch']],
  [['help', 'network', 'watch', ''], [], ['stop', 'watch']],
  [['--network-group', ''], ['github'], ['@github', 'stop']],
  [['--network-allow', ''], ['@github'], ['stop']],
  [['--profile', ''], ['ci', 'laptop'], ['stop']],
  [['--profile', 'ci', ''], ['stop'], ['ci', 'laptop']],
  [['init', '--groups', ''], ['github'], ['@github', '--yes']],
  [['init', '--backend', ''], ['docker', 'podman'], ['--yes']],
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
    // Where COMP_WORDBREAKS has no =, it does not.
    expect(complete(['--network=r']).lines).toEqual(['--network=restricted', '--network=record'])
    expect(complete(['--network=none', 'sto']).lines).toEqual(['stop'])
  })

  test('knows a group whose @ bash has cut off, and a host whose port it has', () => {
    expect(complete(['network', 'allow', '@', 'gith']).lines).toEqual(['@github'])
    expect(complete(['network', 'allow', '@']).lines).toContain('@npm')
    expect(complete(['network', 'allow', '@', 'npm', '@', 'gith']).lines).toEqual(['@github'])
    expect(complete(['--network-allow', '=@', 'gith']).lines).toEqual(['@github'])
    expect(complete(['--network-allow', '@', 'npm', 'sto']).lines).toEqual(['stop'])
    expect(complete(['--network-allow', 'a.example', ':', '8443', 'sto']).lines).toEqual(['stop'])
    expect(complete(['network', 'why', 'https', ':', '//example.org', 'fix']).lines).toEqual(['fix-login'])
  })

  test("offers nothing of ours among Claude's words", () => {
    expect(complete(['-p', 'sto']).lines).toEqual([])
    expect(complete(['--', 'sto']).lines).toEqual([])
    expect(complete(['exec', 'fix-login', '--', 'fix']).lines).toEqual([])
    expect(complete(['-p', 'hello', '--network', '']).lines).toEqual([])
  })
})

test('no flag takes a value in one place and none in another', async () => {
  const takes = new Map<string, string>(
    (ownFlags as readonly OwnFlag[]).map(({ name, type, sets }) => [
      name,
      type === 'switch' || sets !== undefined ? 'boolean' : 'string',
    ]),
  )
  for (const { verb } of await everyVerb())
    for (const [name, { type }] of flagsOf(verb.args ?? {})) {
      expect([name, takes.get(name) ?? type]).toEqual([name, type])
      takes.set(name, type)
    }
})

test.each<[readonly string[], readonly string[]]>([
  [['--network', '=', 'o'], ['--network=o']],
  [
    ['allow', '@', 'npm', '@', ''],
    ['allow', '@npm', '@'],
  ],
  [['--network-allow', '=@', 'gith'], ['--network-allow=@gith']],
  [
    ['a', ':', '8443', 'b'],
    ['a:8443', 'b'],
  ],
])('what bash has cut in pieces is put together: %j', (cut, whole) => {
  expect(uncut(cut)).toEqual(whole)
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
    expect(complete(['--network=']).lines).toEqual(['restricted', 'ask', 'open', 'none', 'record'])
    expect(complete(['--mount', '']).lines).toEqual(['files'])
    // Among Claude's words, too.
    expect(complete(['-p', '']).lines).toEqual(['files'])
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
    // Flags are offered once a dash is there.
    const shown = offers.filter((offer) => !offer.startsWith('-') || words.at(-1)?.startsWith('-'))
    for (const offer of shown) expect(lines).toContain(offer)
    for (const other of not) expect(lines).not.toContain(other)
  })

  test('knows the value of a flag behind its =', () => {
    expect(complete(['--network=o']).lines).toEqual(['--network=open'])
    expect(complete(['-p', '--netw']).lines).toEqual([])
  })
})

test('no Tab starts an engine', () => expect(existsSync(join(room, 'engine'))).toBe(false))
