import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { $ } from 'zx'
import type { Bench } from './bench-sessions.ts'

const ENTRIES = 10_000
const CHANGES = 30

/** How long a change takes until the proxy acts by it, and what a long list costs at the start. */
export async function benchNetwork(bench: Bench, engine: string): Promise<void> {
  await benchChange(bench, engine)
  await benchLongList(bench, engine)
}

/** The command ends when squid answers by the new policy. */
async function benchChange({ paude, project, env, median, add }: Bench, engine: string): Promise<void> {
  const id = (await $({ cwd: project, env })`${paude} --backend ${engine} --detach`).stdout.trim()
  try {
    const times: number[] = []
    for (let run = -1; run < CHANGES; run++) {
      const start = performance.now()
      await $({ cwd: project, env })`${paude} network allow run${run + 1}.example --session ${id}`
      if (run >= 0) times.push(performance.now() - start)
    }
    const took = median(times)
    add({
      what: `${engine}: a change of the policy, until it holds`,
      ours: `${took.toFixed(0)} ms`,
      theirs: '-',
      ratio: `worst ${Math.max(...times).toFixed(0)} ms`,
      budget: 'worst ≤ 300 ms',
      kept: Math.max(...times) <= 300,
    })
  } finally {
    await $({ cwd: project, env })`${paude} rm --force --volumes ${id}`
  }
}

async function benchLongList({ paude, state, pair }: Bench, engine: string): Promise<void> {
  const configured = (name: string, entries: number) => {
    const hosts = Array.from({ length: entries }, (_, at) => `  "host${at}.list${at % 97}.example",\n`).join('')
    mkdirSync(join(state, name, 'paude'), { recursive: true })
    writeFileSync(join(state, name, 'paude/config.toml'), `[network]\nallow = [\n${hosts}]\n`)
    return [
      'env',
      `XDG_CONFIG_HOME=${join(state, name)}`,
      paude,
      '--backend',
      engine,
      'run',
      '--network=restricted',
      '--',
      'true',
    ]
  }
  await pair(`${engine}: run, ${ENTRIES} entries / none`, {
    ours: configured('long', ENTRIES),
    theirs: configured('empty', 0),
    budget: 1.2,
  })
}
