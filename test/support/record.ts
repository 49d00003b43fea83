import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../../src/backends/backend.ts'
import { usualSettings } from '../../src/backends/keys.ts'
import { docker } from '../../src/backends/oci/docker.ts'
import { podman } from '../../src/backends/oci/podman.ts'
import { readHost } from '../../src/host.ts'
import type { Argv } from '../../src/plan/plan.ts'

// Records what real engines answer: bun test/support/record.ts [docker|podman] [IMAGE]
// Makes a few containers and volumes of its own, asks, and removes them. Nothing else on the engine is shown.

const [, , only, image = 'debian:trixie-slim'] = process.argv
/** Filters that leave nothing but what this script made. */
const OURS = '--filter=label=paude.version=0.0.0-recorded'
const NASTY = `/home/ada/-a,b "c" d's:e=f\\g`
const CREATED = '2026-01-02T03:04:05.000Z'

type Box = {
  readonly id: string
  readonly role?: string
  readonly name?: string
  readonly workspace?: string
  readonly network?: string
  readonly command: readonly string[]
}
const boxes: readonly Box[] = [
  { id: 'paude-rrrrr2', name: 'fix-login', workspace: NASTY, command: ['sleep', '300'] },
  { id: 'paude-rrrrr2', role: 'gate', workspace: NASTY, command: ['sleep', '300'] },
  { id: 'paude-xxxxx3', workspace: '/srv/ümlaut/漢字', network: 'none', command: ['sh', '-c', 'exit 3'] },
  { id: 'paude-zzzzz4', workspace: '/srv/{"json":true}', network: 'open', command: ['true'] },
  { id: 'paude-ccccc5', workspace: '/srv/line\nbreak', command: ['true'] },
  { id: 'paude-ppppp6', workspace: '/srv/paused', command: ['sleep', '300'] },
  { id: 'paude-kkkkk7', workspace: '/srv/killed', command: ['sleep', '300'] },
]

for (const backend of [docker, podman]) {
  if (only !== undefined && only !== backend.name) continue
  const folder = join(import.meta.dir, '../fixtures', backend.name)
  mkdirSync(folder, { recursive: true })
  const call = (...words: readonly string[]) => Bun.spawnSync([backend.program, ...words])
  const must = (...words: readonly string[]) => {
    const { exitCode, stderr, stdout } = call(...words)
    if (exitCode !== 0) throw new Error(`${backend.program} ${words.join(' ')}: ${stderr}`)
    return stdout.toString()
  }
  const record = (name: string, [, ...words]: Argv, ...more: readonly string[]) => {
    const { exitCode, stdout, stderr } = call(...words, ...more)
    writeFileSync(join(folder, `${name}.out`), stdout)
    console.log(`${backend.name} ${name}: ${exitCode} ${stderr.toString().trim()}`)
  }
  const names = boxes.map(({ id, role }) => (role === undefined ? id : `${id}-${role}`))
  const clear = () => {
    call('rm', '--force', ...(backend.name === 'podman' ? ['--time=0'] : []), ...names)
    call('volume', 'rm', '--force', 'paude-rrrrr2-link', 'paude-home-claude-recorded')
  }
  const asked = questionsOf(backend)
  clear()
  try {
    record('list-empty', asked.sessions.argv, OURS)
    record('parts-empty', asked.parts.argv, OURS)
    const [program, ...words] = asked.volumes.argv
    record('volumes-empty', [program, ...words.map((word) => word.replace('label=paude.role', 'label=paude.nothing'))])
    for (const [index, { id, role = 'agent', name = '', workspace = '', network = 'restricted', command }] of boxes.entries()) {
      const facts = { id, role, agent: 'claude', name, workspace, network, version: '0.0.0-recorded', created: CREATED }
      const labels = Object.entries(facts).map(([key, value]) => `--label=paude.${key}=${value}`)
      must('create', `--name=${names[index]}`, '--network=none', '--stop-timeout=0', ...labels, image, ...command)
    }
    for (const name of names.filter((name) => name !== 'paude-ccccc5')) must('start', name)
    for (const name of ['paude-xxxxx3', 'paude-zzzzz4']) must('wait', name)
    must('kill', 'paude-kkkkk7')
    must('wait', 'paude-kkkkk7')
    must('pause', 'paude-ppppp6')
    must(
      'volume',
      'create',
      '--label=paude.id=paude-rrrrr2',
      '--label=paude.role=link',
      `--label=paude.created=${CREATED}`,
      'paude-rrrrr2-link',
    )
    // podman reads the labels of a volume as a comma-separated list.
    const label = `paude.workspace=${NASTY}`
    const escaped = backend.name === 'podman' ? `"${label.replaceAll('"', '""')}"` : label
    must('volume', 'create', '--label=paude.role=home', `--label=${escaped}`, 'paude-home-claude-recorded')
    record('list', asked.sessions.argv, OURS)
    record('parts', asked.parts.argv, OURS)
    record('volumes', asked.volumes.argv, '--filter=name=paude-rrrrr2-link', '--filter=name=paude-home-claude-recorded')
    record('version', backend.health.version(usualSettings).argv)
    record('version-brief', backend.health.brief(readHost(), usualSettings).argv)
    const handle = {
      agent: 'claude',
      folder: '',
      terminal: true,
      link: 'folder',
      homeVolume: '',
      directory: '',
      overlays: [],
    } as const
    const states = {
      running: 'paude-rrrrr2',
      exited: 'paude-xxxxx3',
      finished: 'paude-zzzzz4',
      created: 'paude-ccccc5',
      paused: 'paude-ppppp6',
      killed: 'paude-kkkkk7',
    }
    for (const [name, id] of Object.entries(states)) record(`state-${name}`, backend.life.state({ ...handle, id }).argv)
  } finally {
    call('unpause', 'paude-ppppp6')
    clear()
  }
}

function questionsOf({ inventory }: Backend) {
  const [sessions] = inventory.sessions(() => [])
  const [parts] = inventory.parts(() => [])
  const [volumes] = inventory.volumes(() => [])
  if (sessions === undefined || parts === undefined || volumes === undefined) throw new Error('an engine that is asked nothing')
  return { sessions, parts, volumes }
}
