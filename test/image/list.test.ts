import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { listImages } from '../../src/backends/oci/list.ts'

const recorded = (name: string) => readFileSync(join(import.meta.dir, '../fixtures', name), 'utf8')

// The same images on docker 20.10 and podman 4.3; stages of builds, which have no name, are left out.
test('docker', () => {
  expect(listImages({ name: 'docker', client: ['docker'] }).parse(recorded('docker/image-ls.txt'))).toEqual([
    {
      reference: 'localhost/paude/proxy:d5cbb38329c5',
      id: '46a1194d379845b03998875e855d52fb4503a43e3d6c318d6fa7ab8137ef4bc1',
      size: 36_300_000,
      created: '2026-11-21T10:54:51.000Z',
      agentVersion: '',
    },
    {
      reference: 'localhost/paude/claude:2.1.329-5c5eb8326cf1',
      id: '6f0ff65fc8ca1c843b49318e916f4239ab4090fef0fc96121522a7eca9427d22',
      size: 501_000_000,
      created: '2026-11-21T10:19:02.000Z',
      agentVersion: '2.1.329',
    },
    {
      reference: 'localhost/paude/claude:2.1.329-f03a02f6093e',
      id: 'fe4dbbc0039de1d076a5dbb8f68241992968f573dae274d2c885b77e8c154731',
      size: 616_000_000,
      created: '2026-11-21T10:18:06.000Z',
      agentVersion: '2.1.329',
    },
  ])
})

test('podman', () => {
  const images = listImages({ name: 'podman', client: ['podman'] }).parse(recorded('podman/image-ls.json'))
  expect(images.map(({ reference }) => reference)).toEqual([
    'localhost/paude/proxy:d5cbb38329c5',
    'localhost/paude/claude:2.1.329-5c5eb8326cf1',
    'localhost/paude/claude:2.1.329-f03a02f6093e',
  ])
  expect(images.at(-1)).toEqual({
    reference: 'localhost/paude/claude:2.1.329-f03a02f6093e',
    id: '42c3b21ce736eb1af822728b65aeed15f5ff48720a221730dc30b7259caad3a2',
    size: 622_489_848,
    created: '2026-11-21T10:18:23.000Z',
    agentVersion: '2.1.329',
  })
})

test('an engine without images of ours lists none', () => {
  expect(listImages({ name: 'docker', client: ['docker'] }).parse('')).toEqual([])
  expect(listImages({ name: 'podman', client: ['podman'] }).parse('[]\n')).toEqual([])
})

test.each([
  [`claude-custom:2.1.329-${'0'.repeat(32)}`, '2.1.329'],
  [`claude:2.1.329-${'0'.repeat(12)}`, '2.1.329'],
  [`tools-custom:${'0'.repeat(32)}`, ''],
])('the name %s tells the version of its agent', (name, agentVersion) => {
  const [repository, Tag] = name.split(':')
  const row = {
    Repository: `localhost/paude/${repository}`,
    Tag,
    ID: 'sha256:1',
    Size: '1MB',
    CreatedAt: '2026-11-21 12:18:06 +0000 UTC',
  }
  expect(listImages({ name: 'docker', client: ['docker'] }).parse(JSON.stringify(row))).toMatchObject([{ agentVersion }])
})

test("a zone's name in docker's time does not matter", () => {
  const line = JSON.stringify({
    Repository: 'localhost/paude/proxy',
    Tag: 'x',
    ID: 'sha256:1',
    Size: '1.2GB',
    CreatedAt: '2026-11-21 12:18:06 +0200 EET',
  })
  expect(listImages({ name: 'docker', client: ['docker'] }).parse(line)).toMatchObject([
    { created: '2026-11-21T10:18:06.000Z', size: 1_200_000_000 },
  ])
  const numeric = line.replace('EET', '+02')
  expect(listImages({ name: 'docker', client: ['docker'] }).parse(numeric)).toMatchObject([
    { created: '2026-11-21T10:18:06.000Z' },
  ])
})
