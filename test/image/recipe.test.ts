import { describe, expect, test } from 'bun:test'
import { dirname, join } from 'node:path'
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
  features: [],
  user: 'root',
}
const plan = (more: Partial<ImageBuild> = {}, engine: 'docker' | 'podman' = 'docker') =>
  need(backends[engine], 'images').make({
    recipe: { ...recipe, ...more },
    host: { env: { PATH: '/nonexistent' } },
    approved: (folder) => `${folder} as trusted`,
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
      expect(steps).toContainEqual({ kind: 'copy-context', from: '/p', to: copy, approved: '/p as trusted', hint: 'paude trust' })
      expect(steps.at(-1)).toEqual({ kind: 'remove', path: dirname(copy) })
      expect(JSON.stringify(step?.argv)).not.toContain('"/p"')
      for (const word of [`--tag=${recipe.reference}`, '--target=dev', '--build-arg=A=one two'])
        expect(step?.argv).toContain(word)
    }
  })

  test('gets its features from their own context, in which nothing of the project is but what was approved', () => {
    const features = [
      { name: 'registry.example.org/f/go:1', options: { version: '1.24' }, folder: '', digest: '' },
      { name: './mine', options: {}, folder: '/p/.devcontainer/mine', digest: '' },
    ]
    const steps = plan({ features })
    const [build, installation] = steps.filter(isExec)
    expect(build?.argv).toContain(`--tag=${recipe.reference}-plain`)
    expect(installation?.argv).toContain(`--tag=${recipe.reference}`)
    const context = installation?.argv.at(-1) ?? ''
    expect(context).toStartWith('/cache/')
    const own = join(dirname(context), 'own-1')
    expect(steps).toContainEqual({
      kind: 'copy-context',
      from: '/p/.devcontainer/mine',
      to: own,
      approved: '/p/.devcontainer/mine as trusted',
      hint: 'paude trust',
    })
    const laid = { base: `${recipe.reference}-plain`, user: 'root', to: context }
    expect(steps).toContainEqual(
      expect.objectContaining({ kind: 'lay-features', ...laid, features: [features[0], { ...features[1], folder: own }] }),
    )
    expect(JSON.stringify(installation?.argv)).not.toContain('"/p')
  })

  test('is the named one with features where there is no Dockerfile', () => {
    const steps = plan({
      dockerfile: null,
      base: 'base:1',
      features: [{ name: 'registry.example.org/f/go', options: {}, folder: '', digest: '' }],
    })
    expect(steps.filter(isExec)).toHaveLength(1)
    expect(steps).toContainEqual(expect.objectContaining({ kind: 'lay-features', base: 'base:1' }))
  })
})
