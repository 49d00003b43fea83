import { expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { describeEach, makeProject, paude, put, root } from './support.ts'

setDefaultTimeout(240_000) // ms: the box waits for ten seconds

describeEach('a start whose proxy dies', (backend) => {
  /** A folder for PATH whose engine starts the proxy with one flag changed. */
  const breaking = (name: string, flag: string, other: string): string => {
    const shim = `#!/bin/bash
[[ " $* " != *' --name='*'-proxy '* ]] || set -- "\${@/#${flag}/${other}}"
exec ${Bun.which(backend)} "$@"
`
    const file = put(join(root, `${backend}-${name}`, backend), shim)
    chmodSync(file, 0o755)
    return dirname(file)
  }
  const start = (folder: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    paude(words, {
      cwd: makeProject(),
      env: { PAUDE_BACKEND: backend, PATH: `${folder}${delimiter}${process.env['PATH']}`, ...env },
    })

  test.concurrent('shows the last words of squid', async () => {
    const folder = breaking('squid', '--tmpfs=\\/dev\\/shm:rw', '--tmpfs=/dev/shm:ro')
    const { code, stdout, stderr } = await start(folder, ['--network=restricted', 'run', '--', 'echo', 'ran'])
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toContain('paude: the proxy ended before the agent was started; the end of its output:\n  ')
    expect(stderr).toContain('shm_open')
    expect(stderr).toContain('Read-only file system')
    expect(stderr).toContain('→ paude doctor')
  })

  test.concurrent('shows them also when it dies before it has the credential', async () => {
    const folder = breaking('run', '--tmpfs=\\/run:rw', '--tmpfs=/run:ro')
    const env = { ANTHROPIC_API_KEY: 'sk-ant-api03-not-real' }
    const { code, stdout, stderr } = await start(folder, ['-p', 'hello'], env)
    expect([code, stdout]).toEqual([125, ''])
    expect(stderr).toContain('\nthe end of its output:\n  ')
    expect(stderr).toContain('/run/secret.fifo: Read-only file system')
    expect(stderr).not.toContain('sk-ant-api03-not-real')
  })
})
