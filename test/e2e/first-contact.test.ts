import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Status } from '../../src/cli/machine/look-status.ts'
import { describeEach, engine, lines, makeProject, paude, put, root } from './support.ts'

setDefaultTimeout(240_000) // ms: tests run side by side

describeEach('first contact', (backend) => {
  const suffix = crypto.randomUUID().slice(0, 8)
  const ours = `localhost/paude/proxy:${suffix}`
  const foreign = `localhost/paude-e2e/${suffix}:1`
  const run = (words: readonly string[], cwd?: string) =>
    paude(words, { env: { PAUDE_BACKEND: backend }, ...(cwd === undefined ? {} : { cwd }) })

  /** The proxy's image as paude names it here; the test of the wall builds it, and so does this. */
  const proxyImage = async () => lines((await run(['image', 'build'])).stdout).find((name) => name.includes('/proxy:')) ?? ''

  /** Another image on top of ours: it inherits the labels. */
  const imageOnTop = async (name: string) => {
    const child = Bun.spawn([backend, 'build', `--tag=${name}`, '-'], {
      stdin: new Blob([`FROM ${await proxyImage()}\nENV MADE_AS=${name}\n`]),
      stdout: 'ignore',
      stderr: 'ignore',
    })
    expect(await child.exited).toBe(0)
  }
  const isThere = async (name: string) => (await engine(backend, ['image', 'inspect', name])).code === 0

  afterAll(async () => {
    for (const name of [`paude-e2e-${suffix}`]) await engine(backend, ['rm', '--force', name])
    for (const name of [ours, foreign]) await engine(backend, ['image', 'rm', '--force', name])
    await engine(backend, ['volume', 'rm', '--force', `paude-e2e-home-${suffix}`])
  })

  test('an image of paude can be removed, one of others cannot, and what a container needs stays', async () => {
    await imageOnTop(ours)
    await imageOnTop(foreign)

    const dry = await run(['image', 'rm', '--stale', '--dry-run'])
    expect(dry.code).toBe(0)
    expect(dry.stdout).toContain(`${backend} image rm ${ours}\n`)
    expect(dry.stdout).not.toContain(foreign)
    expect(dry.stdout).not.toContain(await proxyImage())

    expect(await run(['image', 'rm', foreign])).toMatchObject({ code: 1, stdout: '' })
    expect(await isThere(foreign)).toBe(true)

    await engine(backend, ['create', `--name=paude-e2e-${suffix}`, '--network=none', ours])
    const kept = await run(['image', 'rm', ours])
    expect(kept).toMatchObject({ code: 1, stdout: '' })
    expect(kept.stderr).toContain(`${backend} keeps ${ours}`)
    expect(await isThere(ours)).toBe(true)
    const spared = await run(['image', 'rm', '--stale', '--dry-run'])
    expect(spared.stdout).not.toContain(ours)
    expect(spared.stderr).toContain(`${backend} keeps ${ours}: a container uses it\n`)

    await engine(backend, ['rm', '--force', `paude-e2e-${suffix}`])
    expect(await run(['image', 'rm', ours])).toMatchObject({ code: 0, stdout: `${backend} ${ours}\n` })
    expect(await isThere(ours)).toBe(false)
  })

  test('what init writes is approved by its answer, and status tells it; its images are those that were built', async () => {
    const project = makeProject()
    put(join(project, 'package.json'), '{}')
    const status = async () => JSON.parse((await run(['status', '--json'], project)).stdout) as Status
    await run(['image', 'build'], project)
    expect((await run(['init', '--yes', '--backend', 'auto'], project)).code).toBe(0)
    const before = await status()
    expect(before.backend.name).toBe(backend)
    // All but the one with the tools, which another project of this machine may have had built.
    const wanted = before.images.filter((image) => image.backend === backend && image.wanted)
    const [tools, others] = [true, false].map((is) => wanted.filter(({ reference }) => reference.includes('/tools:') === is))
    expect(tools).toHaveLength(1)
    expect(others?.filter(({ built }) => !built)).toEqual([])
    const opens = ['image.packages = nodejs', 'image.packages = npm', 'network.groups = @npm']
    expect(before.files.at(-1)).toMatchObject({ layer: 'project', state: 'trusted', opens })
    appendFileSync(join(project, 'paude.toml'), 'allow = ["elsewhere.example.org"]\n')
    expect((await status()).files.at(-1)?.state).toBe('untrusted')
    expect((await run(['trust', '--yes'], project)).code).toBe(0)
    expect((await status()).files.at(-1)?.state).toBe('trusted')
  })

  test('doctor names a HOME volume whose project is gone, and its command removes it', async () => {
    const volume = `paude-e2e-home-${suffix}`
    const gone = join(root, 'gone')
    await engine(backend, ['volume', 'create', '--label=paude.role=home', `--label=paude.workspace=${gone}`, volume])
    const { stdout } = await run(['doctor', '--json'], makeProject())
    const checks = JSON.parse(stdout) as { check: string; state: string; detail: string; fix: string }[]
    const row = checks.find(({ check }) => check === `HOME volumes on ${backend}`)
    expect(row?.state).toBe('warning')
    expect(row?.fix).toStartWith('paude home rm --deleted')
    // Of all volumes of the machine, others' too, so it is only shown, and this one goes by its name.
    const shown = await run(['home', 'rm', '--deleted', '--dry-run'], makeProject())
    expect(lines(shown.stdout).filter((line) => line.includes(volume))).toEqual([`${backend} volume rm ${volume}`])
    expect(await run(['home', 'rm', volume], makeProject())).toMatchObject({ code: 0, stdout: `${volume}\n` })
    const after = await run(['doctor', '--json'], makeProject())
    expect(after.stdout).not.toContain(volume)
  })
})
