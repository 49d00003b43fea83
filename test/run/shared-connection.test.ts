import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { dockerAt } from '../../src/backends/oci/docker.ts'
import { openWay } from '../../src/run/shared-connection.ts'
import { byWay } from '../../src/run/ways.ts'

const folder = mkdtempSync(join(tmpdir(), 'shared-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** In place of ssh: it answers at the socket of `-L` itself, and ends with its stdin. A real one is in the tests with engines. */
const answering = (id: string, does: string) => {
  const program = `
    const here = process.argv.find((word) => word.startsWith('-L')).slice(2).split(':')[0]
    const id = '${id}'
    ${does}
    process.stdin.resume().on('end', () => process.exit(0))`
  writeFileSync(join(folder, 'ssh.js'), program)
  writeFileSync(
    join(folder, 'ssh'),
    `#!/bin/sh\nprintf '%s\\n' "$@" >"${folder}/words"\nexec "${process.execPath}" "${folder}/ssh.js" "$@"\n`,
    {
      mode: 0o755,
    },
  )
}

const wayOf = (at: string, env: Readonly<Record<string, string>> = {}) =>
  dockerAt({ name: 'build', at }).health.way?.({ env }) ?? null

const ANSWERS = "require('node:http').createServer((_, answer) => answer.end(JSON.stringify({ ID: id }))).listen(here)"

/** Opens the way to a machine with our ssh in PATH, and takes it for an engine. */
async function taken(id: string, engine: string, does = ANSWERS) {
  answering(id, does)
  const way = wayOf('ssh://you@build.example.org:2222')
  if (way === null) throw new Error('docker has no way there')
  const before = process.env['PATH'] ?? ''
  process.env['PATH'] = `${folder}:${before}`
  try {
    // Longer than a test may last: what should not be waited for shows.
    const opened = openWay(way, 'docker', 600_000)
    await opened.take(engine)
    return { opened, call: byWay(['docker', way.word, 'ps', way.word]), word: way.word }
  } finally {
    process.env['PATH'] = before
  }
}

/** Where the last way had its socket. */
const place = () => dirname(/^-L(.+):\/var\/run\/docker\.sock$/m.exec(readFileSync(join(folder, 'words'), 'utf8'))?.[1] ?? '')

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !isSo(); tries++) await Bun.sleep(10)
  expect(isSo()).toBe(true)
}

describe('a shared connection to docker on another machine', () => {
  test('leads calls to its socket, none of the words of an agent, until it ends', async () => {
    const { opened, call, word } = await taken('ABCD', 'ABCD')
    const [, first = '', verb, last] = call
    expect([first, verb, last]).toEqual([expect.stringMatching(/^--host=unix:\/\/.*\/paude-way-\w+\/s$/), 'ps', word])
    expect(existsSync(first.slice('--host=unix://'.length))).toBe(true)
    opened.close()
    await until(() => byWay(['docker', word, 'ps'])[1] === word && !existsSync(place()))
  })

  test('is not taken where another engine answers', async () => {
    const { call, word } = await taken('OTHER', 'ABCD')
    expect(call[1]).toBe(word)
    expect(place()).toContain('/paude-way-')
    await until(() => !existsSync(place()))
  })

  test.each([
    ['has no such socket', "require('node:net').createServer((one) => one.destroy()).listen(here)"],
    ['cannot be reached', 'process.exit(255)'],
  ])('is not waited for where the machine %s', async (_, does) => {
    const { call, word } = await taken('ABCD', 'ABCD', does)
    expect(call[1]).toBe(word)
    await until(() => !existsSync(place()))
  })

  test('is not taken where the engine has no name', async () => {
    const { call, word } = await taken('', '')
    expect(call[1]).toBe(word)
  })

  test.each([
    ['ssh://build.example.org', ['--', 'build.example.org']],
    ['ssh://you@build.example.org:2222/', ['-lyou', '-p2222', '--', 'build.example.org']],
    ['ssh://you@[fd00::1]:22', ['-lyou', '-p22', '--', 'fd00::1']],
  ])('reaches %s as the client does', (at, words) => {
    expect(wayOf(at)?.ssh).toEqual(words)
  })

  test.each(['tcp://build.example.org:2376', 'a-context'])('is not for %s', (at) => {
    expect(wayOf(at)).toBe(null)
  })

  test('is not opened where the client speaks TLS to every address', () => {
    expect(wayOf('ssh://build.example.org', { DOCKER_TLS_VERIFY: '1' })).toBe(null)
  })
})
