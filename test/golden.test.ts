import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { backends } from '../src/backends/registry.ts'
import { handleOfSpec } from '../src/box/handle.ts'
import type { ImageBuild } from '../src/image/project-build.ts'
import { renderPlan } from '../src/plan/render.ts'
import { removePlan, startPlan } from '../src/session/life/plans.ts'
import { difference, expectGolden, GOLDEN } from './support/golden.ts'
import { laterOf, type StartCase, startsOf } from './support/specs.ts'

const recipe: ImageBuild = {
  kind: 'build',
  file: '/home/ada/engine/.devcontainer/devcontainer.json',
  reference: 'localhost/paude/devcontainer:0123456789ab',
  dockerfile: { path: '/home/ada/engine/.devcontainer/Dockerfile', text: "FROM x\nRUN echo 'a b'\n", hash: '' },
  context: '/home/ada/engine',
  target: 'dev',
  args: { GREETING: 'hello there' },
  base: '',
  features: [
    { name: 'registry.example.org/f/go:1', options: { version: '1.24' }, folder: '', digest: '' },
    { name: './mine', options: {}, folder: '/home/ada/engine/.devcontainer/mine', digest: '' },
  ],
  user: 'vscode',
}

for (const backend of Object.values(backends)) {
  const script = ({ spec, options }: StartCase) => renderPlan(startPlan(backend, spec, options))
  const cases = startsOf(backend)
  const plain = script(cases['plain'] ?? fail('plain'))
  const later = laterOf(backend)
  const { images } = backend

  if (images !== null)
    test(`a script of ${backend.name} that cannot fetch features ends before it builds an image without them`, () => {
      const lines = renderPlan(
        images.make({ recipe, host: { env: {} }, approved: () => 'hash', hint: '', cache: '/c', id: '7' }),
      ).split('\n')
      const end = lines.indexOf('exit 1')
      expect(end).toBeGreaterThan(0)
      expect(lines.slice(0, end).join('\n')).toContain('# registry.example.org/f/go:1 {"version":"1.24"}')
      expect(lines.slice(0, end).join('\n')).toContain(`#   FROM ${recipe.reference}-plain`)
      expect(lines.slice(0, end).some((line) => line.includes(`--tag=${recipe.reference} `))).toBe(false)
    })

  test(`${backend.name} starts a session`, () => expectGolden(`${backend.name}/plain.sh`, plain))

  test.each(Object.entries(cases).filter(([name]) => name !== 'plain'))(`${backend.name} starts a session: %s`, (name, one) => {
    expectGolden(`${backend.name}/${name}.diff`, difference(plain, script(one)))
  })

  test.each(Object.entries(later))(`${backend.name} speaks of a session that exists: %s`, (name, plan) => {
    expectGolden(`${backend.name}/${name}.sh`, renderPlan(plan))
  })

  test(`a foreground session of ${backend.name} is removed when the agent has ended`, () => {
    const { spec, options } = cases['plain'] ?? fail('plain')
    const text = renderPlan(startPlan(backend, spec, options), removePlan(backend, handleOfSpec(spec), { home: false }))
    expectGolden(`${backend.name}/foreground.diff`, difference(plain, text))
  })

  test.skipIf(images === null)(`${backend.name} makes the image of a project's own recipe`, () => {
    const plan = (images ?? fail('images')).make({
      recipe,
      host: { env: { PATH: '/nonexistent' } },
      approved: () => '0'.repeat(64),
      hint: 'paude --devcontainer trust',
      cache: '/home/ada/.cache/paude',
      id: '7',
    })
    expectGolden(`${backend.name}/recipe.sh`, renderPlan(plan))
  })

  test(`no golden file of ${backend.name} is left over`, () => {
    const differences = [...Object.keys(cases).filter((name) => name !== 'plain'), 'foreground'].map((name) => `${name}.diff`)
    const scripts = ['plain', ...Object.keys(later), ...(images === null ? [] : ['recipe'])].map((name) => `${name}.sh`)
    expect(readdirSync(join(GOLDEN, backend.name)).sort()).toEqual([...differences, ...scripts].sort())
  })

  test.each(['sh', 'bash'])(`%s can read every script of ${backend.name}`, (shell) => {
    const scripts = { ...Object.fromEntries(Object.entries(cases).map(([name, one]) => [name, script(one)])) }
    for (const file of readdirSync(join(GOLDEN, backend.name)))
      if (file.endsWith('.sh')) scripts[file] = readFileSync(join(GOLDEN, backend.name, file), 'utf8')
    for (const [name, text] of Object.entries(scripts)) {
      const { exitCode, stderr } = Bun.spawnSync([shell, '-n'], { stdin: Buffer.from(text) })
      expect({ name, exitCode, stderr: stderr.toString() }).toEqual({ name, exitCode: 0, stderr: '' })
    }
  })
}

function fail(name: string): never {
  throw new Error(`no case is called ${name}`)
}
