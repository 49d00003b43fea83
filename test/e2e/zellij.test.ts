import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { conforms } from './conformance.ts'
import { seed } from './parity-side.ts'
import {
  binary,
  cleanUp,
  home,
  hostClaude,
  makeProject,
  paude,
  poll,
  processes,
  put,
  root,
  serveApi,
  stateHome,
} from './support.ts'
import { makeTerminals } from './terminal.ts'

setDefaultTimeout(180_000) // ms

/** The real one, which scripts/zellij.mjs builds. */
const zellij = process.env['PAUDE_TEST_ZELLIJ'] || join(homedir(), '.cache/zellij/bin/zellij')
const isThere = existsSync(zellij)
if (!isThere) process.stderr.write(`!!! NOT TESTED: zellij: there is no ${zellij}; node scripts/zellij.mjs builds it\n`)

/** An agent on a terminal: it echoes lines, and ends when it is told. Its conversation is kept as Claude keeps it. */
const CLAUDE = `#!/bin/sh
[ "$1" != --settings ] || { settings=$2; shift 2; }
tell() {
  command=$(sed -n '/"command":/{s/^ *"command": "\\(.*\\)",$/\\1/p;q;}' "$settings")
  printf '{"session_id":"01234567-89ab-cdef-0123-456789abcdef","hook_event_name":"%s"}\\n' "$1" | sh -c "$command"
}
echo "begins: $*"
[ "$1" != --session-id ] || { mkdir -p "$HOME/.claude/projects/x" && : >"$HOME/.claude/projects/x/$2.jsonl"; }
[ ! -e stubborn ] || trap '' HUP TERM INT
[ ! -e short ] || exit 3
while read -r line; do
  echo "heard $line"
  case $line in end*) exit "\${line#end }" ;; work | stop) tell "$([ "$line" = work ] && echo UserPromptSubmit || echo Stop)" ;; esac
done
while [ -e stubborn ]; do sleep 0.1; done
`

const bin = join(root, 'zellij-bin')
mkdirSync(bin, { recursive: true })
for (const [name, text] of [
  ['claude', CLAUDE],
  ['zellij', `#!/bin/sh\nexec '${zellij}' "$@"\n`],
] as const)
  chmodSync(put(join(bin, name), text), 0o755)
const env = { PATH: `${bin}:${dirname(binary)}:/usr/bin:/bin` }
const OPEN = ['--backend', 'zellij', '--network', 'open'] as const

async function started(cwd: string, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await paude([...OPEN, '--detach', ...words], { env, cwd })
  if (code !== 0) throw new Error(stderr)
  return stdout.trim()
}

const on = (...words: readonly string[]) => paude(words, { env })
const screenOf = (id: string, wanted: string) =>
  poll(`the screen shows ${wanted}`, async () => {
    const { stdout } = await on('screen', id)
    return stdout.includes(wanted) ? stdout : null
  })
const removed = async (id: string) => {
  const { code, stderr } = await on('rm', '--force', id)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  await poll('nothing of it runs', () => processes().every(({ words }) => !words.includes(id)))
  expect(readdirSync(join(stateHome, 'paude/sessions'))).not.toContain(id)
}

describe.skipIf(!isThere)('a session on the real zellij', () => {
  const { open, stop } = makeTerminals()
  afterAll(async () => {
    await stop()
    cleanUp()
  })

  test('is typed into, shows its screen, tells its activity, keeps its exit code and leaves nothing behind', async () => {
    const id = await started(makeProject({ name: `it's "a" $(b) {c}; ü` }), 'a b')
    await screenOf(id, 'begins: --session-id')
    expect((await on('send', id, 'größer ✓')).code).toBe(0)
    await screenOf(id, 'heard größer ✓')
    await on('send', id, 'work')
    expect(await on('wait', id, '--for', 'working')).toMatchObject({ code: 0, stdout: `${id} working\n` })
    await on('send', id, 'stop')
    expect(await on('wait', id, '--for', 'done')).toMatchObject({ code: 0, stdout: `${id} done\n` })
    await on('send', id, 'end 7')
    expect(await on('wait', id)).toMatchObject({ code: 0, stdout: `${id} exited 7\n` })
    expect((await on('logs', id)).stdout).toContain('heard end 7')
    await removed(id)
  })

  test('tells what the real Claude does', async () => {
    const api = serveApi()
    const cwd = makeProject()
    const own = join(root, 'zellij-home')
    mkdirSync(join(own, 'bin'), { recursive: true })
    symlinkSync(hostClaude, join(own, 'bin/claude'))
    put(join(own, '.claude.json'), seed(cwd, api.key))
    const there = {
      ...env,
      PATH: `${own}/bin:${env.PATH}`,
      HOME: own,
      XDG_STATE_HOME: stateHome,
      ANTHROPIC_API_KEY: api.key,
      ANTHROPIC_BASE_URL: `http://127.0.0.1:${api.port}`,
    }
    const { code, stdout, stderr } = await paude([...OPEN, '--detach', 'SAY hello'], { env: there, cwd })
    expect([code, stderr]).toEqual([0, expect.stringContaining('NOT ISOLATED')])
    const id = stdout.trim()
    expect(await paude(['wait', id, '--for', 'done', '--timeout', '60'], { env: there })).toMatchObject({
      code: 0,
      stdout: `${id} done\n`,
    })
    const kinds = (await paude(['events', id, '--json'], { env: there })).stdout.match(/"kind":"[a-z-]+"/g)
    expect(kinds).toEqual(['"kind":"prompt"', '"kind":"stop"'])
    await removed(id)
    api.stop()
  })

  test('is left and joined again, and its exit code is that of paude', async () => {
    const terminal = await open({ cwd: makeProject(), env: { ...env, HOME: home, XDG_STATE_HOME: stateHome } })
    await terminal.start(`paude ${OPEN.join(' ')}`)
    await terminal.see('NOT ISOLATED')
    await terminal.see('begins: --session-id')
    await terminal.enter('one')
    await terminal.see('heard one')
    expect(await terminal.detach()).toBe(0)
    await terminal.start('paude attach')
    await terminal.see('heard one')
    await terminal.enter('end 5')
    expect(await terminal.ended()).toBe(5)
    await terminal.close()
  })

  test('is stopped whatever its agent ignores, and goes on with its conversation', async () => {
    const cwd = makeProject()
    put(join(cwd, 'stubborn'), '')
    const id = await started(cwd)
    const [, conversation = ''] = /--session-id (\S+)/.exec(await screenOf(id, 'begins: --session-id')) ?? []
    const [pid = ''] = readFileSync(join(stateHome, 'paude/sessions', id, 'zellij/pid'), 'utf8').split(' ')
    expect((await on('stop', id, '--grace', '1')).code).toBe(0)
    const left = Bun.spawnSync(['ps', '-o', 'stat=', '-g', pid]).stdout.toString().trim().split('\n')
    expect(left.filter((stat) => stat !== '' && !stat.startsWith('Z'))).toEqual([])
    rmSync(join(cwd, 'stubborn'))
    expect((await on('start', id)).code).toBe(0)
    await screenOf(id, `begins: --resume ${conversation}`)
    await removed(id)
  })

  test('keeps the exit code of agents that end at once', async () => {
    const cwd = makeProject()
    put(join(cwd, 'short'), '')
    const ids = [await started(cwd), await started(cwd), await started(cwd)]
    for (const id of ids) expect(await on('wait', id)).toMatchObject({ code: 0, stdout: `${id} exited 3\n` })
    for (const id of ids) await removed(id)
  })

  test('the scenarios of all backends hold, or are refused', async () => {
    const left = async (id: string) => processes().flatMap(({ words }) => (words.includes(id) ? [words] : []))
    const agent = { hear: (word: string) => word, end: (code: number) => `end ${code}` }
    await conforms({ backend: 'zellij', session: ['--network', 'open'], env, ...agent, left })
  }, 600_000)
})
