import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chownSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { tryDoor } from './demo-door.ts'
import { binary, cleanUp, makeProject, type Ran, start } from './support.ts'

setDefaultTimeout(300_000) // ms: the user's own engine builds both images first

/** An ordinary user whose podman works; '' where none could be set up. */
const user = process.env['PAUDE_TEST_USER'] ?? ''
if (user === '') console.log('rootless podman is not tested: no user with a working rootless podman (PAUDE_TEST_USER)')
const asUser = user === '' ? test.skip : test
afterAll(cleanUp)

/** Runs words as that user, in a project of the user's own; `meanwhile` looks at what they do. */
async function runAs(words: readonly string[], meanwhile?: (stderr: () => string) => Promise<unknown>): Promise<Ran> {
  const number = (flag: string) => Number(Bun.spawnSync(['id', flag, user]).stdout.toString())
  const [uid, gid] = [number('--user'), number('--group')]
  const project = makeProject({ git: false })
  chownSync(project, uid, gid)
  const passed = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'npm_config_registry'].flatMap((name) =>
    process.env[name] ? [`${name}=${process.env[name]}`] : [],
  )
  const env = [`HOME=/home/${user}`, `USER=${user}`, `XDG_RUNTIME_DIR=/run/user/${uid}`, `PATH=${process.env['PATH']}`, ...passed]
  const running = start(
    ['runuser', `--user=${user}`, '--', 'env', '--ignore-environment', `--chdir=${project}`, ...env, ...words],
    { cwd: project },
  )
  await meanwhile?.(running.stderr)
  const ran = await running.done
  const owner = statSync(join(project, 'made'), { throwIfNoEntry: false })?.uid
  rmSync(project, { recursive: true, force: true })
  if (owner !== undefined) expect(owner).toBe(uid)
  return ran
}

asUser('rootless: a command runs as the caller, without privileges, and what it writes is the caller’s', async () => {
  const ran = await runAs([
    binary,
    '--backend',
    'podman',
    'run',
    '--',
    'sh',
    '-c',
    'touch made; id -u; grep CapEff /proc/self/status',
  ])
  expect(ran.stderr).not.toContain('refused')
  expect(ran.stdout).toMatch(/^[1-9]\d*\nCapEff:\s+0000000000000000\n$/)
  expect(ran.code).toBe(0)
})

asUser(
  'rootless: Claude works behind the wall, every claim of the demo holds, and its API answers no other address',
  async () => {
    const ran = await runAs([binary, '--backend', 'podman', 'demo'], tryDoor)
    expect(ran.stdout).not.toContain('NOT AS CLAIMED')
    expect(ran.stdout.match(/as claimed/g)?.length).toBe(4)
    expect(ran.code).toBe(0)
  },
)

asUser('rootless: nothing is left of either', async () => {
  const { stdout } = await runAs(['podman', 'ps', '--all', '--quiet', '--filter=label=paude.id'])
  expect(stdout.trim()).toBe('')
})
