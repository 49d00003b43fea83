import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const script = readFileSync(join(import.meta.dir, '../../src/agents/claude/imports/imported.sh'), 'utf8')

let room: string
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'paude-imported-'))
  mkdirSync(join(room, 'tmp/.claude'), { recursive: true })
})
afterEach(() => rmSync(room, { recursive: true, force: true }))

const put = (path: string, text: string) => {
  mkdirSync(dirname(join(room, path)), { recursive: true })
  writeFileSync(join(room, path), text)
}
const read = (path: string) => readFileSync(join(room, 'home/.claude', path), 'utf8')

/** Runs it as a box does, with a copy of this name and these files. */
function lay(name: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries({ ...FILES, ...files })) put(`paude/imported/${name}/${path}`, text)
  put('paude/seed/imported', `${name}\n`)
  run()
}

const FILES = {
  'settings.json': '{}',
  'plugins/known_marketplaces.json': '{}',
  'plugins/installed_plugins.json': '{}',
  'mcp.json': '{}',
}

function run(): void {
  const here = script.replaceAll('/tmp/', `${room}/tmp/`).replaceAll('/paude/', `${room}/paude/`)
  const { exitCode, stderr } = Bun.spawnSync(['sh', '-uc', here], {
    env: { PATH: process.env['PATH'], HOME: join(room, 'home') },
  })
  expect([exitCode, stderr.toString()]).toEqual([0, ''])
}

test('a sandbox without a copy changes nothing', () => {
  run()
  expect(existsSync(join(room, 'home'))).toBe(false)
})

test('HOME has links to what came, also with blanks, and what a later copy lacks is gone', () => {
  lay('one', { 'CLAUDE.md': 'one', 'skills/a b/SKILL.md': 'skill', 'skills/rules/SKILL.md': 'second', 'line.sh': 'x' })
  expect([read('CLAUDE.md'), read('skills/a b/SKILL.md'), read('skills/rules/SKILL.md'), read('line.sh')]).toEqual([
    'one',
    'skill',
    'second',
    'x',
  ])
  expect(readlinkSync(join(room, 'home/.claude/skills/a b'))).toBe(join(room, 'tmp/.claude/imported/skills/a b'))
  expect(existsSync(join(room, 'home/.claude/mcp.json'))).toBe(false)
  lay('two', { 'CLAUDE.md': 'two', 'skills/new/SKILL.md': 'new' })
  expect([read('CLAUDE.md'), read('skills/new/SKILL.md')]).toEqual(['two', 'new'])
  expect(existsSync(join(room, 'home/.claude/skills/a b'))).toBe(false)
})

test('what the sandbox has itself of the same name stays', () => {
  put('home/.claude/skills/mine/SKILL.md', 'of the box')
  lay('one', { 'skills/mine/SKILL.md': 'yours', 'skills/other/SKILL.md': 'other' })
  expect([read('skills/mine/SKILL.md'), read('skills/other/SKILL.md')]).toEqual(['of the box', 'other'])
})

test('settings are the changed ones of the sandbox until yours change', () => {
  lay('one', { 'settings.json': '{"a":1}' })
  expect(read('settings.json')).toBe('{"a":1}')
  put('home/.claude/settings.json', '{"a":2}')
  lay('two', { 'settings.json': '{"a":1}', 'CLAUDE.md': 'other' })
  expect(read('settings.json')).toBe('{"a":2}')
  lay('three', { 'settings.json': '{"a":3}' })
  expect(read('settings.json')).toBe('{"a":3}')
})

test('a sandbox without a copy takes out what an earlier one of the project had, and keeps what the sandbox changed', () => {
  lay('one', { 'CLAUDE.md': 'one', 'skills/a/SKILL.md': 'skill', 'settings.json': '{"a":1}' })
  put('home/.claude/skills/own/SKILL.md', 'of the box')
  put('home/.claude/plugins/installed_plugins.json', '{"changed":true}')
  // Both are of the box, which has ended.
  for (const path of ['paude/seed/imported', 'tmp/.claude/imported']) rmSync(join(room, path))
  run()
  for (const path of ['CLAUDE.md', 'skills/a', 'settings.json', '.imported', 'plugins/known_marketplaces.json'])
    expect(existsSync(join(room, 'home/.claude', path))).toBe(false)
  expect([read('skills/own/SKILL.md'), read('plugins/installed_plugins.json')]).toEqual(['of the box', '{"changed":true}'])
})
