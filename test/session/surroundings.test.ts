import { expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Backend } from '../../src/backends/backend.ts'
import { backends } from '../../src/backends/registry.ts'
import type { Config } from '../../src/config/keys/settings.ts'
import { mergeSources } from '../../src/config/layers/merge.ts'
import { readHost } from '../../src/host.ts'
import type { ReadCertificates } from '../../src/image/ca.ts'
import { homeOwner } from '../../src/session/record/home-owner.ts'
import { requireTogether } from '../../src/session/resolve/own-mounts.ts'
import { certificatesOf, lookAround } from '../../src/session/resolve/surroundings.ts'
import type { Workspace } from '../../src/workspace/workspace.ts'

const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`
const origin = (line: number) => ({ layer: 'user', place: `/c.toml:${line}` }) as const
const withCertificates = (...caFile: readonly ReadCertificates[]) =>
  ({ settings: { caFile }, origins: { caFile: caFile.map((_, at) => origin(at + 1)) } }) as unknown as Config

test('the text of a certificate file is taken once where nothing is wrong with it', () => {
  let taken = 0
  const counted = {
    path: '/ca.pem',
    hash: '',
    get text() {
      taken++
      return pem('AAAA')
    },
  }
  expect(certificatesOf({ platform: 'linux' }, withCertificates(counted))).toBe(`${pem('AAAA')}\n`)
  expect(taken).toBe(1)
})

test('of several certificate files the one that holds none is told with its line', () => {
  const files = ['AAAA', '', 'BBBB'].map((body) => ({ path: `/${body}.pem`, hash: '', text: body === '' ? '' : pem(body) }))
  expect(() => certificatesOf({ platform: 'linux' }, withCertificates(...files))).toThrow(
    '/c.toml:2: image.ca_files: /.pem has no certificate in it',
  )
})

const mounts = (...names: readonly string[]) =>
  names.map((name) => ({ source: `/src/${name}`, target: `/data/${name}`, readOnly: true }))
const places = (count: number) =>
  ({ origins: { mount: Array.from({ length: count }, (_, at) => origin(at + 1)) } }) as unknown as Config

test('the workspace is held against its mounts once, however many they are', () => {
  const looked = (count: number) => {
    let looks = 0
    const workspace = {
      get root() {
        looks++
        return '/project'
      },
      git: null,
      protectedPaths: [],
      pinnedPaths: [],
    } as unknown as Workspace
    requireTogether(mounts(...Array.from({ length: count }, (_, at) => `m${at}`)), places(count), workspace)
    return looks
  }
  expect(looked(40)).toBe(looked(1))
})

test('of several mounts the one that comes too late is told with its line', () => {
  const workspace = { root: '/project', git: null, protectedPaths: [], pinnedPaths: [] } as unknown as Workspace
  expect(() => requireTogether(mounts('a', 'b', 'a', 'c'), places(4), workspace)).toThrow(
    '/c.toml:3: mounts: cannot mount /src/a',
  )
})

test('HOME has an owner on a cluster, where volumes of others are beside it, and none on an engine', async () => {
  const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-around-')))
  try {
    mkdirSync(join(room, 'project'))
    const host = { ...readHost(), home: join(room, 'home'), cwd: join(room, 'project'), env: { HOME: join(room, 'home') } }
    const config = mergeSources({ file: '', sources: [], managed: [] })
    const ownerOn = async (backend: Backend) =>
      (await lookAround(host, config, { backend, imports: null, makesWorktree: false, makesConfig: false })).homeOwner
    expect(await ownerOn(backends.docker)).toBe('')
    expect(await ownerOn(backends.kubernetes)).toMatch(/^[0-9a-f]{32}$/)
    expect(await ownerOn(backends.kubernetes)).toBe(homeOwner(host))
  } finally {
    rmSync(room, { recursive: true, force: true })
  }
})
