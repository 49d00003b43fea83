import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PaudeError } from '../../src/errors.ts'
import { findDevcontainer } from '../../src/project/devcontainer/find.ts'
import { readDevcontainer } from '../../src/project/devcontainer/read.ts'

// Written after what 118 real files have, each for a kind of them, with what such projects have beside it.
const FIXTURES = join(import.meta.dir, '../fixtures/devcontainers')
const compose = readFileSync(join(FIXTURES, 'docker-compose.yml'), 'utf8')
const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-corpus-')))
afterAll(() => rmSync(room, { recursive: true, force: true }))

const SECRET = 'hunter2-REAL'
const host = {
  home: join(room, 'home'),
  user: 'ada',
  env: Object.fromEntries(
    ['GH_TOKEN', 'BOX_VERSION', 'WHO', 'TZ', 'NAME', 'UID', 'VARIANT', 'SECRET_KEY'].map((name) => [name, SECRET]),
  ),
}
for (const place of ['home/.ssh', 'home/.aws', 'home/.cache', 'elsewhere']) mkdirSync(join(room, place), { recursive: true })

const files = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.txt'))
  .toSorted()
  .map((name) => ({ name: name.slice(0, -4), text: readFileSync(join(FIXTURES, name), 'utf8') }))

function judge({ name, text }: (typeof files)[number]) {
  const root = join(room, name)
  const put = (path: string, content: string) => writeFileSync(join(root, path), content)
  mkdirSync(join(root, '.devcontainer/local'), { recursive: true })
  mkdirSync(join(root, 'data'))
  put('.devcontainer/devcontainer.json', text)
  for (const path of ['Dockerfile', '.devcontainer/Dockerfile']) put(path, 'FROM debian:13 AS dev\n')
  for (const path of ['docker-compose.yml', '.devcontainer/docker-compose.yml']) put(path, compose)
  put('.devcontainer/local/install.sh', '#!/bin/sh\n')
  const found = findDevcontainer([root], 'use')
  if (found === null) throw new Error('not found')
  try {
    return { name, fault: '', ...readDevcontainer(found, { root, host }) }
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    return { name, fault: error.message.replaceAll(`${root}/`, ''), source: null, ignored: [] }
  }
}
const judged = files.map(judge)

test('of files as people have them nine in ten are accepted, and the others for a reason that no reading helps', () => {
  expect(judged.length).toBeGreaterThanOrEqual(40)
  expect(judged.flatMap(({ name, fault }) => (fault === '' ? [] : [`${name}: ${fault}`]))).toEqual([
    'image-of-caller: .devcontainer/devcontainer.json: image contains ${localEnv:BOX_VERSION}',
    'junk-before: .devcontainer/devcontainer.json:1: not valid JSON: unexpected text',
  ])
})

test('what is left out of each is told, and what is for editors is not', () =>
  expect(
    judged
      .map(
        ({ name, ignored }) =>
          `${name}:${ignored.map((what) => `\n  ${what.replaceAll(room, '').replace(/(?<=docker.sock: ).*(?=\))/, 'as this machine has it')}`).join('')}\n`,
      )
      .join(''),
  ).toMatchSnapshot())

test('no value of the caller is in what is read of any of them', () => expect(JSON.stringify(judged)).not.toContain(SECRET))

test('no flag, mount or variable of any of them opens the sandbox', () => {
  const values = judged.flatMap(({ source }) => (source === null ? [] : [source.values]))
  expect([...new Set(values.flatMap((one) => one.dockerFlags ?? []))].toSorted()).toEqual([
    '--shm-size=2g',
    '--ulimit=nofile=4096',
  ])
  expect(values.flatMap((one) => one.mount ?? [])).toEqual([`${room}/elsewhere:/elsewhere:rw`])
  expect(values.flatMap((one) => one.imageBuild?.features ?? []).filter(({ name }) => /docker|sshd|desktop/.test(name))).toEqual(
    [],
  )
})
