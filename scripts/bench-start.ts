import { randomBytes } from 'node:crypto'
import { $ } from 'zx'
import { serveMessagesApi } from '../src/demo/messages-api.ts'
import type { Bench } from './bench-sessions.ts'

/** Milliseconds that the wall may add until the agent answers or shows its screen. */
const SLACK = 300
/** What stands before the agent's prompt. */
const PROMPT = '❯'
const ANSWER = 'hello there'

/** What a person waits for: the answer of a prompt, the first screen of Claude Code, and a stopped session that goes on. */
export async function benchStart(bench: Bench, engine: string, image: string): Promise<void> {
  const key = randomBytes(8).toString('hex')
  const api = serveMessagesApi({ hostname: '0.0.0.0', key })
  try {
    const env = { ...bench.env, ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: `http://host.paude.internal:${api.port}` }
    await benchAgent(bench, { engine, image, key, port: api.port, env })
    await benchResume(bench, engine, env)
  } finally {
    await api.stop()
  }
}

type Model = {
  readonly engine: string
  readonly image: string
  readonly key: string
  readonly port: number
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The same Claude Code in a plain container on the engine's bridge, whose HOME has been through the first questions. */
async function benchAgent(bench: Bench, { engine, image, key, port, env }: Model): Promise<void> {
  const { paude, project, runs, median, add } = bench
  const home = `paude-bench-home-${process.pid}`
  const seed = {
    hasCompletedOnboarding: true,
    theme: 'dark',
    customApiKeyResponses: { approved: [key.slice(-20)] },
    projects: { [project]: { hasTrustDialogAccepted: true } },
  }
  const script = `printf %s '${JSON.stringify(seed)}' >/root/.claude.json; cat /proc/net/route`
  const route = await $`${engine} run --rm -v ${`${home}:/root`} --entrypoint sh ${image} -c ${script}`
  const variables = [
    `ANTHROPIC_API_KEY=${key}`,
    `ANTHROPIC_BASE_URL=http://${gatewayOf(route.stdout)}:${port}`,
    'IS_SANDBOX=1',
    'HOME=/root',
    'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1',
    'DISABLE_AUTOUPDATER=1',
  ]
  const bare = (...words: readonly string[]) => [
    ...[engine, 'run', '--rm', `--volume=${home}:/root`, `--volume=${project}:${project}`, `--workdir=${project}`],
    ...variables.map((variable) => `--env=${variable}`),
    ...['--entrypoint=claude', ...words],
  ]
  const ours = (...words: readonly string[]) => [paude, '--backend', engine, ...words]
  const prompt = ['-p', `SAY ${ANSWER}`]
  const kinds = {
    '-p': [() => saw(ours(...prompt), ANSWER, env, project), () => saw(bare(image, ...prompt), ANSWER, env, project)],
    'first screen': [
      () => saw(ours(), PROMPT, env, project, true),
      () => saw(bare('--interactive', '--tty', image), PROMPT, env, project, true),
    ],
  } as const
  try {
    for (const [kind, [walled, plain]] of Object.entries(kinds)) {
      await walled()
      await plain()
      const times = { walled: [] as number[], plain: [] as number[] }
      for (let run = 0; run < runs; run++) {
        times.walled.push(await walled())
        times.plain.push(await plain())
      }
      const [x, y] = [median(times.walled), median(times.plain)]
      add({
        what: `${engine}: claude, ${kind} / bare run`,
        ours: `${x.toFixed(0)} ms`,
        theirs: `${y.toFixed(0)} ms`,
        ratio: `+${(x - y).toFixed(0)} ms`,
        budget: `≤ + ${SLACK} ms`,
        kept: x - y <= SLACK,
      })
    }
  } finally {
    await $({ nothrow: true })`${engine} volume rm --force ${home}`
  }
}

/** Milliseconds until the words are there; a screen is left by ending its program, which is not counted. */
async function saw(argv: readonly string[], words: string, env: Model['env'], cwd: string, onTerminal = false): Promise<number> {
  const begun = performance.now()
  let seen = ''
  const found = Promise.withResolvers<number>()
  const data = (bytes: Uint8Array) => {
    seen += new TextDecoder().decode(bytes)
    if (seen.includes(words)) found.resolve(performance.now() - begun)
  }
  const child = onTerminal
    ? Bun.spawn([...argv], {
        cwd,
        env: { ...env, TERM: 'xterm-256color' },
        terminal: { cols: 120, rows: 40, data: (_, bytes) => data(bytes) },
      })
    : Bun.spawn([...argv], { cwd, env: { ...env }, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
  if (!onTerminal) for await (const bytes of child.stdout as ReadableStream<Uint8Array>) data(bytes)
  const took = await Promise.race([
    found.promise,
    child.exited.then((code) => Promise.reject(new Error(`${argv.join(' ')} ended with ${code}: ${seen}`))),
  ])
  // An answer counts with the end of its program, as a script waits for it.
  if (onTerminal) child.kill('SIGTERM')
  await child.exited
  return onTerminal ? took : performance.now() - begun
}

/** The address of this machine on the bridge: the third column of the row that leads everywhere, bytes backwards. */
function gatewayOf(routes: string): string {
  const column =
    routes
      .split('\n')
      .map((line) => line.split('\t'))
      .find(([, to]) => to === '00000000')?.[2] ?? ''
  return (column.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}

/** A start and a resume of the same session, both in the background. */
async function benchResume({ paude, project, runs, median, add }: Bench, engine: string, env: Model['env']): Promise<void> {
  const run = $({ cwd: project, env: { ...env } as NodeJS.ProcessEnv, quiet: true })
  const times = { start: [] as number[], resume: [] as number[] }
  for (let at = -1; at < runs; at++) {
    let begun = performance.now()
    const id = (await run`${paude} --backend ${engine} --detach`).stdout.trim()
    const start = performance.now() - begun
    try {
      await run`${paude} stop ${id}`
      begun = performance.now()
      await run`${paude} start ${id}`
      if (at < 0) continue
      times.start.push(start)
      times.resume.push(performance.now() - begun)
    } finally {
      await run`${paude} rm --force ${id}`
    }
  }
  const [x, y] = [median(times.resume), median(times.start)]
  add({
    what: `${engine}: start of a stopped session / --detach`,
    ours: `${x.toFixed(0)} ms`,
    theirs: `${y.toFixed(0)} ms`,
    ratio: `${(x / y).toFixed(2)} ×`,
    budget: '≤ 1.1 ×',
    kept: x / y <= 1.1,
  })
}
