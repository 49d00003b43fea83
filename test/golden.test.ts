import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { backends } from '../src/backends/registry.ts'
import { renderPlan } from '../src/plan/render.ts'
import { expectGolden, GOLDEN } from './support/golden.ts'
import { cases, later } from './support/specs.ts'

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

  test(`no golden file of ${backend.name} is left over`, () => {
    const wanted = [...Object.keys(cases), ...Object.keys(later), 'foreground'].map((name) => `${name}.sh`)
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
