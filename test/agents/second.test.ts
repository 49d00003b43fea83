import { describe, expect, test } from 'bun:test'
import { install } from '../../src/agents/claude/install.ts'
import type { Layer } from '../../src/config/keys/settings.ts'
import { DEFAULTS, mergeSources, onlySaid } from '../../src/config/layers/merge.ts'
import { readHost } from '../../src/host.ts'
import { BASE } from '../../src/image/build.ts'
import { ownImages, startImage } from '../../src/session/life/images.ts'
import { haveShell, SHELL } from '../support/shell-agent.ts'

haveShell()

const host = readHost()

describe('an agent that needs no install', () => {
  const settings = { ...DEFAULTS, agent: SHELL }

  test('runs in the base as it is, or in an image of yours', () => {
    expect(startImage(host, settings, '')).toBe(BASE)
    expect(startImage(host, { ...settings, imageBase: 'example/base:1' }, '')).toBe('example/base:1')
    expect(startImage(host, { ...settings, image: 'example/mine:1' }, '')).toBe('example/mine:1')
  })

  test('has paude make the image of the wall alone', () =>
    expect(ownImages(host, settings, '').map(({ image }) => image)).toEqual(['proxy']))
})

test('the release of the agent in an image is the one that its own row is tested with', () => {
  const release = (...values: readonly Layer[]) =>
    mergeSources({ file: '', sources: values.map((one) => onlySaid('user', one, {})), managed: [] }).settings.agentVersion
  expect(release()).toBe(install.version)
  expect(release({ agent: SHELL })).toBe('')
  expect(release({ agent: SHELL }, { agentVersion: '1.2.3' })).toBe('1.2.3')
})
