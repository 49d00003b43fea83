import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { recipePlan } from '../src/backends/oci/recipe.ts'
import { backends } from '../src/backends/registry.ts'
import type { Engine } from '../src/image/build.ts'
import type { ImageBuild } from '../src/image/project-build.ts'
import { renderPlan } from '../src/plan/render.ts'
import { expectGolden, GOLDEN } from './support/golden.ts'
import { cases, later } from './support/specs.ts'

const recipe: ImageBuild = {
  kind: 'build',
  file: '/home/ada/engine/.devcontainer/devcontainer.json',
  reference: 'localhost/paude/devcontainer:0123456789ab',
  dockerfile: { path: '/home/ada/engine/.devcontainer/Dockerfile', text: "FROM x\nRUN echo 'a b'\n", hash: '' },
  context: '/home/ada/engine',
  target: 'dev',
  args: { GREETING: 'hello there' },
  base: '',
  features: { 'registry.example.org/f/go:1': { version: '1.24' } },
}

for (const backend of Object.values(backends)) {
  test.each(Object.entries(cases))(`${backend.name} starts a session: %s`, (name, { spec, options }) => {
    expectGolden(`${backend.name}/${name}.sh`, renderPlan(backend.start(spec, options)))
  })

  test.each(Object.entries(later))(`${backend.name} speaks of a session that exists: %s`, (name, plan) => {
    expectGolden(`${backend.name}/${name}.sh`, renderPlan(plan(backend)))
  })

  test(`a foreground session of ${backend.name} is removed when the agent has ended`, () => {
    const { spec, options } = cases['plain'] ?? fail('plain')
    const handle = {
      id: spec.id,
      agent: spec.agent,
      folder: spec.folder,
      terminal: true,
      walled: true,
      homeVolume: spec.homeVolume,
      directory: spec.directory,
    }
    expectGolden(
      `${backend.name}/foreground.sh`,
      renderPlan(backend.start(spec, options), backend.remove(handle, { volumes: false })),
    )
  })

  test(`${backend.name} makes the image of a project's own recipe`, () => {
    const engine = backend.name as Engine
    const plan = recipePlan({
      engine,
      recipe,
      host: { env: { PATH: '/nonexistent' } },
      approved: '0'.repeat(64),
      hint: 'paude --devcontainer trust',
      cache: '/home/ada/.cache/paude',
      id: '7',
    })
    expectGolden(`${backend.name}/recipe.sh`, renderPlan(plan))
  })

  test(`no golden file of ${backend.name} is left over`, () => {
    const wanted = [...Object.keys(cases), ...Object.keys(later), 'foreground', 'recipe'].map((name) => `${name}.sh`)
    expect(readdirSync(join(GOLDEN, backend.name)).sort()).toEqual(wanted.sort())
  })

  test.each(['sh', 'bash'])(`%s can read every golden file of ${backend.name}`, (shell) => {
    for (const file of readdirSync(join(GOLDEN, backend.name))) {
      const { exitCode, stderr } = Bun.spawnSync([shell, '-n', join(GOLDEN, backend.name, file)])
      expect({ file, exitCode, stderr: stderr.toString() }).toEqual({ file, exitCode: 0, stderr: '' })
    }
  })
}

function fail(name: string): never {
  throw new Error(`no case is called ${name}`)
}
