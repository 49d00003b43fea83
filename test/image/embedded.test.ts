import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { install } from '../../src/agents/claude/install.ts'
import { install as codex } from '../../src/agents/codex/install.ts'
import { install as gemini } from '../../src/agents/gemini/install.ts'
import { install as shell } from '../../src/agents/shell/install.ts'
import { checkScript, proxyContext } from '../../src/image/embedded.ts'
import { toolsContext } from '../../src/image/tools.ts'

const root = join(import.meta.dir, '../..')
// The Dockerfile is made of what is wanted.
const { 'install-tool': installTool = '' } = toolsContext({ full: false, packages: [], tools: ['go'] })
const folders = {
  'images/claude': { Dockerfile: install.dockerfile },
  'images/custom': { Dockerfile: install.thin },
  'images/codex': { Dockerfile: codex.dockerfile },
  'images/codex-custom': { Dockerfile: codex.thin },
  'images/gemini': { Dockerfile: gemini.dockerfile, gemini: gemini.files?.['gemini'] },
  'images/gemini-custom': { Dockerfile: gemini.thin },
  'images/recipe': { Dockerfile: shell.dockerfile.split('RUN command -v sh\n')[0] ?? '' },
  'images/tools': { 'install-tool': installTool },
  squid: proxyContext,
}

test.each(Object.entries(folders))('every file of %s is embedded, with its content', (folder, context) => {
  const files = Object.fromEntries(filesOf(folder).map((path) => [path, readFileSync(join(root, folder, path), 'utf8')]))
  expect(context).toEqual(files)
})

test('images/ holds nothing that no image uses', () => {
  const known = [
    ...Object.keys(folders).flatMap((folder) => filesOf(folder).map((path) => join(folder, path))),
    'images/check.sh',
  ]
  expect(known).toEqual(expect.arrayContaining(filesOf('images').map((path) => join('images', path))))
  expect(checkScript).toBe(readFileSync(join(root, 'images/check.sh'), 'utf8'))
})

test.each([...scripts()])('%s is valid shell', (path) => {
  const text = readFileSync(join(root, path), 'utf8')
  const shell = /^#!.*\bbash\b/.test(text) ? 'bash' : 'sh'
  const { exitCode, stderr } = Bun.spawnSync([shell, '-n', join(root, path)])
  expect([exitCode, stderr.toString()]).toEqual([0, ''])
})

test.each(Object.keys(folders).flatMap((folder) => (folder === 'images/tools' ? [] : [`${folder}/Dockerfile`])))(
  '%s needs no BuildKit',
  (path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const instructions = text.split('\n').filter((line) => !line.startsWith('#'))
    // The legacy builder knows none of these; `# syntax` would fetch a frontend from a registry.
    expect(instructions.join('\n')).not.toMatch(/--chmod|--mount|--link|<<|--parents/)
    expect(text).not.toMatch(/^#\s*syntax/m)
  },
)

function scripts(): readonly string[] {
  const files = ['images', 'squid'].flatMap((folder) => filesOf(folder).map((path) => join(folder, path)))
  return files.filter((path) => readFileSync(join(root, path), 'utf8').startsWith('#!'))
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, folder).length + 1))
    .toSorted()
}
