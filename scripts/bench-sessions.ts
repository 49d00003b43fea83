import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx'

export type Row = {
  readonly what: string
  readonly ours: string
  readonly theirs: string
  readonly ratio: string
  readonly budget: string
  readonly kept: boolean
}

/** What the rows are made with; `pair` measures two commands in turns. */
export type Bench = {
  readonly paude: string
  readonly project: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly state: string
  readonly runs: number
  readonly median: (values: readonly number[]) => number
  readonly pair: (
    what: string,
    how: { ours: readonly string[]; theirs: readonly string[]; budget: number; slack?: number },
  ) => Promise<void>
  readonly add: (row: Row) => void
}

const SESSIONS = 100
/** Cells of the terminals, as a session in the background has them. */
const SIZE = { cols: 120, rows: 40 }
/** Seconds over which the processor's time is counted. */
const SPAN = 20
const LAST = 'the last line of the screen'

/** An agent that costs nothing: it fills screen and scrollback, waits, and at `stream` paints like Claude while that works. */
const AGENT = String.raw`#!/bin/sh
case "$*" in *--version*) echo '1.0.0 (Claude Code)'; exit ;; esac
i=0
while [ $i -lt 2500 ]; do
  printf '\033[38;5;%dmline %d\033[0m of an answer with words, \033[1mbold\033[0m and \033[2mdim\033[0m, some forty more of them\n' $((i % 256)) $i
  i=$((i + 1))
done
echo '${LAST}'
while read -r line; do
  [ "$line" != stream ] || while :; do cat /usr/local/share/frame; sleep 0.1; done
done
`

/** Twenty lines painted anew in place, with a state and a synchronised update around them: 2.3 KB, ten times a second. */
const FRAME = `\x1b[?2026h\x1b[19A\r${Array.from(
  { length: 20 },
  (_, row) =>
    `\x1b[2K\x1b[38;2;215;119;87m✻\x1b[39m \x1b[1mLine ${row}\x1b[22m \x1b[2mof the answer, with words and é 你好 ········\x1b[22m`,
).join('\r\n')}\x1b]7501;state=working\x1b\\\x1b[?2026l`

/** One and a hundred real sessions without a network: the list of them, their holders, and terminals that come to them. */
export async function benchSessions(bench: Bench, engine: string, image: string): Promise<void> {
  const { paude, project, pair } = bench
  const run = $({ cwd: project, env: { ...bench.env } as NodeJS.ProcessEnv, quiet: true })
  const cheap = `localhost/paude-bench-${process.pid}:${engine}`
  await buildAgent(engine, image, cheap)
  const ids: string[] = []
  const start = async (count: number) =>
    sideBySide(Array.from({ length: count }), async () => {
      // zx's text() holds stderr as well.
      ids.push((await run`${paude} --backend ${engine} --image ${cheap} --network none --detach`).stdout.trim())
    })
  const list = { ours: [paude, 'sessions'], theirs: [engine, 'ps', '-a'], budget: 1.5, slack: 20 }
  try {
    await start(1)
    await pair(`${engine}: sessions with 1 / ps -a`, list)
    await start(SESSIONS - 1)
    await sideBySide(ids, async (id) => {
      while (!(await run`${paude} screen ${id}`).stdout.includes(LAST)) await Bun.sleep(100)
    })
    await pair(`${engine}: sessions with ${SESSIONS} / ps -a`, list)
    await benchHolders(bench, engine, ids)
    await benchAttach(bench, engine, ids)
    await benchStream(bench, engine, ids.at(-1) ?? '')
  } finally {
    await sideBySide(ids, async (id) => void (await run({ nothrow: true })`${paude} rm --force ${id}`))
    const homes = await $({ quiet: true })`${engine} volume ls --quiet --filter label=paude.workspace=${project}`
    for (const home of homes.stdout.split('\n').filter(Boolean))
      await $({ quiet: true, nothrow: true })`${engine} volume rm ${home}`
    await $({ quiet: true, nothrow: true })`${engine} rmi --force ${cheap}`
  }
}

/** Memory of all holders, and what they cost while nothing happens. */
async function benchHolders({ add, state }: Bench, engine: string, ids: readonly string[]): Promise<void> {
  const pids = ids.map((id) => holderOf(state, id))
  const used = pids.map(memoryOf)
  const [resident, shared] = [sum(used.map(({ rss }) => rss)), sum(used.map(({ pss }) => pss))]
  add({
    what: `${engine}: memory of ${pids.length} holders`,
    // Together they take what they share once: RSS would count the program a hundred times.
    ours: megabytes(shared),
    theirs: '-',
    ratio: `RSS ${megabytes(resident)}`,
    budget: '≤ 6000 MB',
    kept: shared <= 6e9,
  })
  const cost = (await processorTime(pids)) / pids.length
  add({
    what: `${engine}: CPU of an idle holder, of one core`,
    ours: percent(cost),
    theirs: '-',
    ratio: `mean of ${pids.length}`,
    budget: '≤ 0.5 %',
    kept: cost <= 0.5,
  })
}

/** From the start of `attach` until the end of the screen was painted: of a session nobody has looked at yet, and of one that somebody left. */
async function benchAttach({ add, runs, median, ...bench }: Bench, engine: string, ids: readonly string[]): Promise<void> {
  const [warm = '', ...fresh] = ids
  await attach(bench, warm)
  const times = { first: [] as number[], later: [] as number[] }
  for (const id of fresh.slice(0, runs)) {
    times.first.push(await attach(bench, id))
    times.later.push(await attach(bench, id))
  }
  for (const [when, values] of Object.entries(times))
    add({
      what: `${engine}: attach to a painted screen, ${when} time`,
      ours: `${median(values).toFixed(0)} ms`,
      theirs: '-',
      ratio: `worst ${Math.max(...values).toFixed(0)} ms`,
      budget: '≤ 150 ms',
      kept: median(values) <= 150,
    })
}

/** A holder between an agent that paints without a pause and one attached terminal. */
async function benchStream({ add, state, ...bench }: Bench, engine: string, id: string): Promise<void> {
  const pid = holderOf(state, id)
  const terminal = openTerminal(bench, id)
  await terminal.saw(LAST)
  terminal.type('stream\r')
  await Bun.sleep(5000)
  const before = terminal.bytes()
  const begun = performance.now()
  const cost = await processorTime([pid])
  const rate = ((terminal.bytes() - before) / (performance.now() - begun)) * 60_000
  const { rss } = memoryOf(pid)
  await terminal.leave()
  add({
    what: `${engine}: CPU of a holder under redraws, of one core`,
    ours: percent(cost),
    theirs: '-',
    ratio: `${(rate / 1e6).toFixed(2)} MB/min`,
    budget: '≤ 5 %',
    kept: cost <= 5 && rate > 1e6,
  })
  addMemory({ add }, `${engine}: memory of a holder after redraws`, rss)
}

/** Memory of one holder, against its budget. */
export function addMemory({ add }: Pick<Bench, 'add'>, what: string, rss: number): void {
  add({ what, ours: megabytes(rss), theirs: '-', ratio: '-', budget: '≤ 60 MB', kept: rss <= 60e6 })
}

/** Number of the process that holds a session's terminal. */
export const holderOf = (state: string, id: string): number =>
  Number.parseInt(readFileSync(join(state, 'paude/sessions', id, 'holder'), 'utf8'), 10)

/** Bytes: all that is resident, and with what is shared divided among those who share it. */
export function memoryOf(pid: number): { readonly rss: number; readonly pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024
  return { rss: bytes('Rss'), pss: bytes('Pss') }
}

async function buildAgent(engine: string, base: string, tag: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'paude-bench-agent-'))
  try {
    writeFileSync(join(folder, 'claude'), AGENT, { mode: 0o755 })
    writeFileSync(join(folder, 'frame'), FRAME)
    writeFileSync(
      join(folder, 'Dockerfile'),
      `FROM ${base}\nUSER 0\nCOPY claude /usr/local/bin/claude\nCOPY frame /usr/local/share/frame\n`,
    )
    await $({ quiet: true })`${engine} build --quiet --tag=${tag} ${folder}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Attaching = Pick<Bench, 'paude' | 'project' | 'env'>

/** Milliseconds from the start of the process until the end of the screen was there. */
async function attach(bench: Attaching, id: string): Promise<number> {
  const begun = performance.now()
  const terminal = openTerminal(bench, id)
  await terminal.saw(LAST)
  const took = performance.now() - begun
  await terminal.leave()
  return took
}

function openTerminal({ paude, project, env }: Attaching, id: string) {
  let seen = ''
  let count = 0
  let wake = () => {}
  const child = Bun.spawn([paude, 'attach', id], {
    cwd: project,
    env: { ...env, TERM: 'xterm-256color' },
    terminal: {
      ...SIZE,
      data: (_, bytes) => {
        count += bytes.length
        seen = seen.slice(-200) + new TextDecoder().decode(bytes)
        wake()
      },
    },
  })
  return {
    bytes: () => count,
    type: (text: string) => void child.terminal?.write(text),
    saw: async (text: string) => {
      while (!seen.includes(text))
        await Promise.race([
          new Promise<void>((resolve) => {
            wake = resolve
          }),
          child.exited.then((code) => Promise.reject(new Error(`attach ended with ${code}: ${seen}`))),
        ])
    },
    leave: async () => {
      child.terminal?.write('\x10\x11')
      await child.exited
    },
  }
}

/** Per cent of one core that these processes use together over the span. */
async function processorTime(pids: readonly number[]): Promise<number> {
  const ticks = () =>
    sum(
      pids.map((pid) => {
        // The name in brackets may hold anything; the times of user and system are fields 14 and 15, in hundredths of a second.
        const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
          .replace(/^.*\) /s, '')
          .split(' ')
        return Number(fields[11]) + Number(fields[12])
      }),
    )
  const [before, begun] = [ticks(), performance.now()]
  await Bun.sleep(SPAN * 1000)
  return ((ticks() - before) * 1000) / (performance.now() - begun)
}

/** Four at a time. */
async function sideBySide<T>(list: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...list.entries()]
  const next = async (): Promise<void> => {
    const one = waiting.shift()
    if (one === undefined) return
    await act(one[1])
    return next()
  }
  await Promise.all(Array.from({ length: 4 }, next))
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 100e6 ? 1 : 0)} MB`
const percent = (value: number): string => `${value.toFixed(2)} %`
