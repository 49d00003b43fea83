import { beforeAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeEach, engine, lines, makeProject, paude, stateHome } from './support.ts'

describeEach('a session under --dry-run', (backend) => {
  const cwd = makeProject()
  let id = ''
  beforeAll(async () => {
    const { stdout, stderr, code } = await paude(['--backend', backend, '--detach'], { cwd })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    id = stdout.trim()
  }, 180_000)

  const containers = async () =>
    lines((await engine(backend, ['ps', `--filter=name=${id}`, '--format={{.Names}} {{.ID}}'])).stdout).toSorted()
  const record = () => readFileSync(join(stateHome, 'paude/sessions', id, 'session.json'), 'utf8')

  test.each([
    [['stop'], 'stop'],
    [['rm', '--force', '--volumes'], 'rm'],
    [['network', 'allow', 'example.org'], 'example.org'],
    [['exec', '--', 'touch', 'made-by-exec'], 'made-by-exec'],
  ])('stays as it is when a verb prints its script: %j', async (words, shown) => {
    const before = [await containers(), record()]
    for (const [flags, env] of [
      [['--dry-run=full'], {}],
      [[], { PAUDE_DRY_RUN: '1' }],
    ] as const) {
      const { code, stdout } = await paude([...flags, ...words], { cwd, env })
      expect([code, stdout.includes(shown)]).toEqual([0, true])
      expect([await containers(), record()]).toEqual(before)
    }
    expect((await paude(['exec', id, '--', 'test', '-e', 'made-by-exec'], { cwd })).code).toBe(1)
  })

  test('gets no text that a variable forbids to send', async () => {
    const { code, stderr } = await paude(['send', id, 'hello'], { cwd, env: { PAUDE_DRY_RUN: '1' } })
    expect(code).toBe(2)
    expect(stderr).toContain(`PAUDE_DRY_RUN is set, and paude send cannot show what it would do`)
  })

  test('is gone when it is really removed', async () => {
    expect((await paude(['rm', '--force', '--volumes', id], { cwd })).code).toBe(0)
    expect(await containers()).toEqual([])
  })
})
