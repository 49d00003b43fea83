import { describe, expect, test } from 'bun:test'
import { dirname } from 'node:path'
import { need } from '../../src/backends/backend.ts'
import { backends } from '../../src/backends/registry.ts'
import type { ImageBuild } from '../../src/image/project-build.ts'
import type { Exec, Step } from '../../src/plan/plan.ts'

const recipe: ImageBuild = {
  kind: 'build',
  file: '/p/.devcontainer/devcontainer.json',
  reference: 'localhost/paude/devcontainer:0123456789ab',
  dockerfile: { path: '/p/.devcontainer/Dockerfile', text: 'FROM x\n', hash: 'h' },
  context: '/p',
  target: 'dev',
  args: { A: 'one two' },
  base: '',
  features: {},
}
const plan = (more: Partial<ImageBuild> = {}, engine: 'docker' | 'podman' = 'docker') =>
  need(backends[engine], 'images').make({
    recipe: { ...recipe, ...more },
    host: { env: { PATH: '/nonexistent' } },
    approved: 'as-trusted',
    hint: 'paude trust',
    cache: '/cache',
    id: '7',
  })
const isExec = (step: Step): step is Exec => step.kind === 'exec'

describe('the image of a recipe', () => {
  test('is built from the text that was approved and a copy of the context, not from what lies there now', () => {
    for (const engine of ['docker', 'podman'] as const) {
      const steps = plan({}, engine)
      const [step, ...rest] = steps.filter(isExec)
      expect(rest).toEqual([])
      expect(step?.stdin).toBe('FROM x\n')
      const copy = step?.argv.at(-1) ?? ''
      expect(copy).toStartWith('/cache/')
      expect(step?.argv.at(-2)).toBe('--file=-')
      expect(steps).toContainEqual({ kind: 'copy-context', from: '/p', to: copy, approved: 'as-trusted', hint: 'paude trust' })
      expect(steps.at(-1)).toEqual({ kind: 'remove', path: dirname(copy) })
      expect(JSON.stringify(step?.argv)).not.toContain('"/p"')
      for (const word of [`--tag=${recipe.reference}`, '--target=dev', '--build-arg=A=one two'])
        expect(step?.argv).toContain(word)
    }
  })

  test('gets features from the devcontainer CLI, which is shown nothing of the project', () => {
    const features = { 'registry.example.org/f/go:1': { version: '1.24' } }
    const steps = plan({ features })
    const [build, cli] = steps.filter(isExec)
    expect(build?.argv).toContain(`--tag=${recipe.reference}-plain`)
    const [, work] = steps.flatMap((step) => (step.kind === 'folder' ? [step.path] : []))
    expect(cli?.argv).toEqual([
      'devcontainer',
      'build',
      `--workspace-folder=${work}`,
      '--docker-path=docker',
      `--image-name=${recipe.reference}`,
    ])
    const written = steps.flatMap((step) => (step.kind === 'write' ? [[step.path, JSON.parse(step.content)]] : []))
    expect(written).toEqual([[`${work}/.devcontainer/devcontainer.json`, { image: `${recipe.reference}-plain`, features }]])
    expect(work).toStartWith('/cache/')
  })

  test('is the named one with features where there is no Dockerfile', () => {
    const steps = plan({ dockerfile: null, base: 'base:1', features: { 'registry.example.org/f/go:1': {} } })
    expect(steps.filter(isExec)[0]?.argv[0]).toBe('devcontainer')
    expect(JSON.stringify(steps)).toContain('base:1')
  })
})
