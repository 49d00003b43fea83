import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { binary, cleanUp, root } from './support.ts'

setDefaultTimeout(300_000) // ms: the user's own engine builds both images first

/** An ordinary user whose podman works; '' where none could be set up. */
const user = process.env['PAUDE_TEST_USER'] ?? ''
if (user === '') console.log('rootless podman is not tested: no user with a working rootless podman (PAUDE_TEST_USER)')
const asUser = user === '' ? test.skip : test
afterAll(cleanUp)

/** Runs words as that user, in a project of the user's own. */
async function runAs(words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const number = (flag: string) => Number(Bun.spawnSync(['id', flag, user]).stdout.toString())
  const [uid, gid] = [number('--user'), number('--group')]
  const project = mkdtempSync(join(root, 'rootless-'))
  chownSync(project, uid, gid)
  const passed = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'npm_config_registry'].flatMap((name) =>
    process.env[name] ? [`${name}=${process.env[name]}`] : [],
  )
  const env = [`HOME=/home/${user}`, `USER=${user}`, `XDG_RUNTIME_DIR=/run/user/${uid}`, `PATH=${process.env['PATH']}`, ...passed]
  const child = Bun.spawn(
    ['runuser', `--user=${user}`, '--', 'env', '--ignore-environment', `--chdir=${project}`, ...env, ...words],
    { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
  )
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const code = await child.exited
  const owner = statSync(join(project, 'made'), { throwIfNoEntry: false })?.uid
  rmSync(project, { recursive: true, force: true })
  if (owner !== undefined) expect(owner).toBe(uid)
  return { code, stdout, stderr }
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

asUser('rootless: Claude works behind the wall, and every claim of the demo holds', async () => {
  const ran = await runAs([binary, '--backend', 'podman', 'demo'])
  expect(ran.stdout).not.toContain('NOT AS CLAIMED')
  expect(ran.stdout.match(/as claimed/g)?.length).toBe(4)
  expect(ran.code).toBe(0)
})

asUser('rootless: nothing is left of either', async () => {
  const { stdout } = await runAs(['podman', 'ps', '--all', '--quiet', '--filter=label=paude.id'])
  expect(stdout.trim()).toBe('')
})
