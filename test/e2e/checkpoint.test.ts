import { expect, setDefaultTimeout, test } from 'bun:test'
import { describeEach, makeProject, paude, poll, type RunOptions, sessionIds, startPaude } from './support.ts'

setDefaultTimeout(240_000) // ms

describeEach('a checkpoint', (backend) => {
  const options = (cwd: string): RunOptions => ({ cwd, env: { PAUDE_BACKEND: backend, PAUDE_WORKSPACE: 'clone' } })
  const run = (cwd: string, ...words: readonly string[]) => paude(words, options(cwd))

  test('of a clone has its branch, commits and files, and a rollback to it can be undone', async () => {
    const cwd = makeProject()
    const seen = new Set(sessionIds())
    const work =
      'echo one >>README.md; echo new >"new file"; mkdir sub; echo deep >sub/x; echo ignored >.gitignore; echo i >ignored'
    const running = startPaude(['run', '--network=none', '--', 'sh', '-c', `${work}; echo up; exec sleep 600`], options(cwd))
    await poll('the work is done', () => running.stdout() === 'up\n', 100)
    const id = sessionIds().find((one) => !seen.has(one)) ?? ''
    const sh = async (script: string) => (await run(cwd, 'exec', id, '--', 'sh', '-c', script)).stdout
    expect(await run(cwd, 'checkpoint', id, 'one')).toMatchObject({ code: 0, stdout: 'one\n' })
    const STATE = 'git symbolic-ref HEAD; git log --format=%s -1; git status --porcelain | sort; cat README.md "new file" sub/x'
    const before = await sh(STATE)
    expect((await run(cwd, 'checkpoint', id, 'one')).stderr).toContain('has a checkpoint one already')
    await sh(
      'git switch --quiet -c other; git add --all; git commit --quiet -m two; rm -r sub "new file"; echo more >later; echo j >ignored',
    )
    const after = await sh(STATE)
    // Nobody knows whether a command is at work.
    expect((await run(cwd, 'rollback', id, 'one')).stderr).toContain('may be at work')
    const back = await run(cwd, 'rollback', '--force', id, 'one')
    expect(back.code).toBe(0)
    expect(await sh(STATE)).toBe(before)
    expect(await sh('ls later 2>&1; cat ignored; git log --format=%s -1 other')).toMatch(/^ls: .*\nj\ntwo\n$/)
    const listed = JSON.parse((await run(cwd, 'checkpoints', id, '--json')).stdout) as readonly { readonly name: string }[]
    expect(listed.map(({ name }) => name).toSorted()).toEqual([back.stdout.trim(), 'one'].toSorted())
    expect((await run(cwd, 'rollback', '--force', id, 'gone')).stderr).toContain('has no checkpoint gone')

    expect((await run(cwd, 'stop', id)).code).toBe(0)
    await running.done
    // Of a stopped session too, and what was given up is not lost.
    expect((await run(cwd, 'rollback', id, back.stdout.trim())).code).toBe(0)
    const refused = await run(cwd, 'rm', id)
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('paude/checkpoints/one: 1 commit')])
    expect((await run(cwd, 'diff', id, '--', '--name-only')).stdout).toBe('.gitignore\nREADME.md\nlater\n')
    expect(after).toContain('?? later')
    expect((await run(cwd, 'rm', '--discard', id)).code).toBe(0)
  })
})
