import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, hostname } from 'node:os'
import { join } from 'node:path'
import { Terminal } from '@xterm/headless'
import { type MessagesApi, serveMessagesApi } from '../src/demo/messages-api.ts'
import type { Turn } from '../src/demo/turns.ts'
import { HOST_NAME } from '../src/network/names.ts'
import { openTmpdir } from '../test/support/place.ts'
import { binary, build, isStale } from './build.ts'
import { type Frame, type Shot, shotOf, svgOf } from './svg.ts'

/**
 * `bun scripts/pictures.ts [NAME…]` makes the pictures of the README: real sessions of the program on a real engine, with a scripted
 * model, drawn as a terminal shows them. `PAUDE_BACKEND` chooses the engine.
 */
const folder = join(import.meta.dir, '../docs/pictures')

/** Everything lies below it, HOME too, so that no picture can show a path of this machine. */
const root = realpathSync(mkdtempSync(join(openTmpdir(), 'pictures-')))
const home = join(root, 'ada')
const key = `sk-ant-api03-${crypto.randomUUID()}`

type Window = {
  readonly type: (text: string) => Promise<void>
  readonly press: (keys: string) => void
  /** Waits until the screen shows it and stands still. */
  readonly see: (wanted: RegExp, seconds?: number) => Promise<Shot>
  /** As soon as the screen shows it. */
  readonly glimpse: (wanted: RegExp, seconds?: number) => Promise<Shot>
  readonly shot: () => Shot
  readonly close: () => Promise<void>
}

/** A shell of a user in one of their projects. */
function openWindow(project: string, { api, rows = 24 }: { readonly api: MessagesApi; readonly rows?: number }): Window {
  const terminal = new Terminal({ cols: 92, rows, allowProposedApi: true, scrollback: 500 })
  const shell = Bun.spawn(['bash', '--noprofile', '--norc'], {
    cwd: join(home, project),
    env: environment(api),
    terminal: { cols: 92, rows, data: (_, bytes) => terminal.write(bytes) },
  })
  const write = (text: string) => void shell.terminal?.write(text)
  terminal.onData(write)
  const text = () =>
    Array.from({ length: rows }, (_, row) => terminal.buffer.active.getLine(terminal.buffer.active.baseY + row))
      .map((line) => line?.translateToString().trimEnd() ?? '')
      .join('\n')
  async function glimpse(wanted: RegExp, seconds = 60) {
    for (const end = Date.now() + seconds * 1000; !wanted.test(text()); await Bun.sleep(20))
      if (Date.now() > end) throw new Error(`never saw ${wanted} in\n${text()}`)
    return shotOf(terminal)
  }
  async function see(wanted: RegExp, seconds?: number) {
    await glimpse(wanted, seconds)
    await settled()
    return shotOf(terminal)
  }
  /** Until nothing has changed for a moment. */
  async function settled() {
    for (let before = ''; before !== text(); await Bun.sleep(250)) before = text()
  }
  return {
    see,
    glimpse,
    shot: () => shotOf(terminal),
    press: write,
    async type(line) {
      write(line)
      await settled()
    },
    async close() {
      shell.kill('SIGHUP')
      await shell.exited
    },
  }
}

const environment = (api: MessagesApi): Record<string, string> => ({
  ...{ HOME: home, PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}`, TERM: 'xterm-256color', LANG: 'C.UTF-8' },
  ...{
    PS1: '\\[\\e[32m\\]\\w\\[\\e[0m\\] $ ',
    HISTFILE: '/dev/null',
    XDG_CACHE_HOME: join(import.meta.dir, '../.cache/pictures'),
  },
  ...{ ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: `http://${HOST_NAME}:${api.port}` },
  ...(process.env['PAUDE_BACKEND'] === undefined ? {} : { PAUDE_BACKEND: process.env['PAUDE_BACKEND'] }),
})

/** A model that does the same after each prompt. The list may be changed between two of them. */
const model = (script: readonly Turn[]): MessagesApi => serveMessagesApi({ hostname: '0.0.0.0', key, script })

const say = (text: string): Turn => ({ kind: 'say', text })
const bash = (command: string): Turn => ({ kind: 'bash', command })

/** A repository with these files. */
function project(name: string, files: Readonly<Record<string, string>>): void {
  const place = join(home, name)
  mkdirSync(place, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(place, file), text, { mode: 0o755 })
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-C', place, ...words], { env: { ...process.env, HOME: home, GIT_CONFIG_NOSYSTEM: '1' } })
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '--message=first')
}

/** Runs paude without a terminal. Its model answers in this very process, so nothing may wait for it at once. */
async function paude(project: string, api: MessagesApi, words: readonly string[]): Promise<string> {
  const child = Bun.spawn([join(root, 'bin/paude'), ...words], {
    cwd: join(home, project),
    env: environment(api),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [answer, notes, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  if (code !== 0) throw new Error(`paude ${words.join(' ')} ended with ${code}: ${notes}`)
  return answer
}

const TEST =
  '#!/bin/sh\n. ./price.sh\n[ "$(total 3 20)" = 60 ] && echo "ok: 3 × 20 = 60" || { echo "FAILED: 3 × 20 = $(total 3 20)"; exit 1; }\n'
const BROKEN = 'total() { echo $(($1 + $2)); }\n'

/** Lines come without the blanks at their end. */
const AT_SHELL = /\$$/m
const AT_PROMPT = /^[│ ]*[❯>](\s|$)/m

async function firstMinute(): Promise<readonly Frame[]> {
  project('shop', { 'price.sh': BROKEN, 'test.sh': TEST })
  const api = model([
    bash('./test.sh'),
    { kind: 'read', path: join(home, 'shop/price.sh') },
    { kind: 'write', path: join(home, 'shop/price.sh'), text: BROKEN.replace('+', '*') },
    { kind: 'sleep', seconds: 2 },
    bash('./test.sh'),
    say('The total was a sum instead of a product. I fixed `price.sh`, and the test passes now.'),
  ])
  await paude('shop', api, ['image', 'build'])
  const window = openWindow('shop', { api })
  const frames: Frame[] = []
  const take = (seconds: number, shot = window.shot()) => frames.push({ seconds, windows: [{ title: 'shop', shot }] })
  try {
    await window.see(AT_SHELL)
    await window.type('paude --dangerously-skip-permissions')
    take(2)
    window.press('\r')
    take(2, await window.glimpse(/network: /))
    take(3, await window.see(AT_PROMPT))
    await window.type('the test fails, please fix it')
    take(2)
    window.press('\r')
    take(3, await window.glimpse(/\$1 \* \$2/))
    take(6, await window.see(/passes now/))
    return frames
  } finally {
    await window.close()
    await clear('shop', api)
  }
}

async function blockedToAllowed(): Promise<readonly Frame[]> {
  project('engine', { 'README.md': '# engine\n' })
  // Answers for the web, which the engine's machine may not have.
  const web = createServer((_, response) => response.end('cylinders,valves\n4,16\n')).listen(0, '0.0.0.0')
  await new Promise((resolve) => web.once('listening', resolve))
  const { port } = web.address() as AddressInfo
  put('.config/paude/config.toml', `[network]\nupstream_proxy = "http://${HOST_NAME}:${port}"\n`)
  const fetching = bash('curl --silent --show-error --fail-with-body http://data.example.org/engines.csv')
  const script = [fetching, say('`data.example.org` is not on the allowlist. Please allow it, then I go on.')]
  const api = model(script)
  const [agent, watch] = [openWindow('engine', { api, rows: 25 }), openWindow('engine', { api, rows: 8 })]
  const frames: Frame[] = []
  const take = (seconds: number) =>
    frames.push({
      seconds,
      windows: [
        { title: 'paude', shot: agent.shot() },
        { title: 'paude network watch', shot: watch.shot() },
      ],
    })
  try {
    await agent.see(AT_SHELL)
    await agent.type('paude --dangerously-skip-permissions\r')
    await agent.see(AT_PROMPT)
    await watch.type('paude network watch\r')
    await watch.see(/HOST|blocked/i)
    await agent.type('load the table of engines')
    agent.press('\r')
    await agent.see(/then I go on/)
    await watch.see(/data\.example\.org/)
    take(6)
    watch.press('s')
    await watch.see(/allowed/)
    take(3)
    script.splice(1, 1, say('Loaded: one engine, with 4 cylinders and 16 valves.'))
    await agent.type('allowed, go on')
    agent.press('\r')
    await agent.see(/16 valves/)
    take(6)
    return frames
  } finally {
    await watch.close()
    await agent.close()
    await clear('engine', api)
    web.close()
    rmSync(join(home, '.config'), { recursive: true })
  }
}

async function sessionsWatch(): Promise<readonly Frame[]> {
  const scripts: Readonly<Record<string, readonly [name: string, prompt: string, script: readonly Turn[]]>> = {
    atlas: ['fix-login', 'fix the login', [bash('curl --silent http://docs.example.org/ ; sleep 600')]],
    garden: ['cleanup', 'remove what is not used', [bash('rm -r ./old-plans')]],
    kitchen: ['recipes', 'sort the recipes', [say('Sorted 212 recipes by season.')]],
  }
  const apis: (readonly [string, MessagesApi])[] = []
  for (const [name, [session, prompt, script]] of Object.entries(scripts)) {
    project(name, { 'README.md': `# ${name}\n` })
    const api = model(script)
    apis.push([name, api])
    const free = name === 'atlas' ? ['--dangerously-skip-permissions'] : ['--permission-mode', 'default']
    await paude(name, api, ['--detach', '--session-name', session, '--', ...free, prompt])
  }
  const [first] = apis
  if (first === undefined) return []
  const window = openWindow('atlas', { api: first[1], rows: 12 })
  try {
    await window.see(AT_SHELL)
    await paude('garden', first[1], ['wait', 'cleanup', '--for', 'waiting', '--timeout', '120'])
    await paude('kitchen', first[1], ['wait', 'recipes', '--for', 'done,idle', '--timeout', '120'])
    await window.type('paude sessions --watch\r')
    const shot = await window.see(/waiting[\s\S]*|done/)
    return [{ seconds: 1, windows: [{ title: 'paude sessions --watch', shot }] }]
  } finally {
    window.press('q')
    await window.close()
    for (const [name, api] of apis) await clear(name, api)
  }
}

/** Takes away what a scene made: its sessions, their HOME volume, its model. */
async function clear(name: string, api: MessagesApi): Promise<void> {
  const ids = JSON.parse(await paude(name, api, ['sessions', '--json'])) as readonly { id: string; workspace: string }[]
  for (const { id } of ids.filter(({ workspace }) => workspace === join(home, name)))
    await paude(name, api, ['rm', '--force', '--volumes', id])
  await api.stop()
}

function put(file: string, text: string): void {
  mkdirSync(join(home, file, '..'), { recursive: true })
  writeFileSync(join(home, file), text)
}

/** A picture names nothing of the machine that made it. */
function refuseTelling(picture: string): void {
  for (const word of [root, hostname(), process.env['SUDO_USER'] ?? '', homedir() === '/root' ? '' : homedir()])
    if (word !== '' && picture.includes(word)) throw new Error(`the picture shows ${word}`)
}

const scenes = {
  'first-minute': ['paude opens Claude Code in a sandbox; it fixes a failing test', firstMinute],
  'blocked-to-allowed': ['A blocked host is allowed by one key in paude network watch, and the agent goes on', blockedToAllowed],
  'sessions-watch': ['paude sessions --watch lists the sessions of all projects and what their agents do', sessionsWatch],
} as const

async function main(): Promise<void> {
  const wanted = process.argv.slice(2)
  if (await isStale()) await build(binary)
  mkdirSync(join(root, 'bin'), { recursive: true })
  mkdirSync(folder, { recursive: true })
  copyFileSync(binary, join(root, 'bin/paude'))
  put('.gitconfig', '[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n')
  try {
    for (const [name, [alt, play]] of Object.entries(scenes)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue
      const picture = svgOf(alt, await play())
      refuseTelling(picture)
      writeFileSync(join(folder, `${name}.svg`), picture)
      console.log(`docs/pictures/${name}.svg  ${Math.ceil(readFileSync(join(folder, `${name}.svg`)).length / 1024)} KB`)
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

await main()
