import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { mergeSources } from '../../src/config/layers/merge.ts'
import { findDevcontainer } from '../../src/project/devcontainer/find.ts'
import { readDevcontainer } from '../../src/project/devcontainer/read.ts'
import { split } from '../../src/project/widen.ts'

const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-compose-')))
const root = join(room, 'project')
afterAll(() => rmSync(room, { recursive: true, force: true }))
beforeEach(() => {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
})

const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}
const host = { home: '/home/ada', user: 'ada', env: { SECRET: 'hunter2-REAL', PATH: '/nonexistent' } }
function read(compose: string, more: object = {}) {
  put('.devcontainer/compose.yml', compose)
  put('.devcontainer/devcontainer.json', JSON.stringify({ dockerComposeFile: 'compose.yml', service: 'app', ...more }))
  const found = findDevcontainer([root], 'use')
  if (found === null) throw new Error('not found')
  const { source, ignored } = readDevcontainer(found, { root, host })
  return { source, values: source.values, ignored }
}

describe('a service of a compose file', () => {
  test('gives image, variables, folder and mounts; other services and what opens the sandbox are left out by name', () => {
    mkdirSync(join(room, 'data'), { recursive: true })
    const socket = Bun.listen({ unix: join(room, 'engine.sock'), socket: { data() {} } })
    const { values, ignored } = read(
      `services:
  app:
    image: registry.example.org/team/box:\${VARIANT:-3}
    command: sleep infinity
    depends_on: [db]
    environment:
      - DATABASE=postgres://db/x
      - FROM_CALLER
      - TOKEN=\${SECRET}
      - COST=$$5
    volumes:
      - ..:/workspace:cached
      - ../../data:/data:ro
      - cache:/cache
      - ${room}/engine.sock:/var/run/docker.sock
    cap_add: [SYS_PTRACE]
    privileged: true
    network_mode: service:db
  db:
    image: postgres
volumes:
  cache:
`,
      { containerEnv: { A: '1' } },
    )
    socket.stop()
    expect(values).toEqual({
      image: 'registry.example.org/team/box:3',
      env: ['DATABASE=postgres://db/x', 'COST=$5', 'A=1'],
      mount: [`${room}/data:/data:ro`],
    })
    for (const what of [
      'compose services db (a sandbox is one container)',
      'compose app.cap_add',
      'compose app.privileged',
      'compose app.network_mode',
      'compose app.environment.FROM_CALLER',
      'compose app.environment.TOKEN (paude reads no environment variable of this machine here)',
      'compose app.volumes.2 (paude only uses folders of this machine)',
      'is a unix socket)',
    ])
      expect(ignored.join('\n')).toContain(what)
    expect(JSON.stringify([values, ignored])).not.toContain('hunter2')
  })

  test('holds for nothing unasked', () => {
    mkdirSync(join(room, 'data'), { recursive: true })
    put('.devcontainer/Dockerfile', 'FROM x\n')
    const { source } = read(
      'services:\n  app:\n    build: .\n    environment: {A: b}\n    volumes: ["../../data:/data"]\n    working_dir: /x\n',
      { features: { 'r.example.org/f/go:1': {} } },
    )
    const { items, rest } = split(mergeSources({ file: '', sources: [], managed: [] }), source)
    expect(Object.values(rest.values).flat()).toEqual([])
    expect([...new Set(items.map(({ key }) => key))]).toEqual(['image.ref', 'build', 'env', 'mounts'])
    expect(items[1]?.value).toContain('feature r.example.org/f/go:1 {}, installed outside the wall')
  })

  test('is built of its Dockerfile, from its context', () => {
    put('docker/Dev.Dockerfile', 'FROM x\n')
    const compose =
      'services:\n  app:\n    build:\n      context: ../docker\n      dockerfile: Dev.Dockerfile\n      target: dev\n      args: {A: 1, B: null}\n'
    expect(read(compose).values.imageBuild).toMatchObject({
      context: join(root, 'docker'),
      dockerfile: { path: join(root, 'docker/Dev.Dockerfile') },
      args: { A: '1' },
      target: 'dev',
    })
    put('.devcontainer/Dockerfile', 'FROM y\n')
    expect(read('services:\n  app:\n    build: .\n').values.imageBuild?.dockerfile?.text).toBe('FROM y\n')
  })

  test('is what its files say together, the last of them having the last word', () => {
    put('base.yml', 'services:\n  app:\n    image: one:1\n    environment: {A: one, B: one}\n')
    const { values } = read('services:\n  app:\n    image: two:2\n    environment: {B: two}\n', {
      dockerComposeFile: ['../base.yml', 'compose.yml'],
    })
    expect(values).toMatchObject({ image: 'two:2', env: ['A=one', 'B=two'] })
  })

  test('is read with those that it extends, also of other files, whose paths are their own', () => {
    put('docker/Dockerfile', 'FROM z\n')
    put('docker/base.yml', 'services:\n  base:\n    build: .\n    environment: {A: base, B: base}\n')
    const compose =
      'services:\n  mid: {extends: {file: ../docker/base.yml, service: base}}\n  app: {extends: mid, environment: {B: app}}\n'
    const { values } = read(compose)
    expect(values).toMatchObject({ env: ['A=base', 'B=app'], imageBuild: { context: join(root, 'docker') } })
  })

  test('that has neither image nor build is the sandbox of paude, and what it takes from the caller is left out', () => {
    const { values, ignored } = read(
      'services:\n  app:\n    command: x\n    working_dir: ${WHERE}\n    volumes: ["${DATA}:/data"]\n',
    )
    expect(values).toEqual({})
    expect(ignored).toContain("compose app (without image and build; paude's own image is used)")
    expect(ignored).toContain('compose app.volumes.0 (paude reads no environment variable of this machine here)')
    put('.devcontainer/Dockerfile', 'FROM y\n')
    const { values: built } = read('services: {app: {build: {context: ., args: {UID: "${UID}", A: b}}}}')
    expect(built.imageBuild?.args).toEqual({ A: 'b' })
  })

  test('is read once from a file that is named again and again', () => {
    const { values } = read('services: {app: {image: one:1, environment: {A: b}}}', {
      dockerComposeFile: Array.from({ length: 300 }, () => 'compose.yml'),
    })
    expect(values).toEqual({ image: 'one:1', env: ['A=b'] })
  })

  test('has defaults without variables in them, however often one begins', () => {
    const many = '${A:-'.repeat(10_000)
    const { values, ignored } = read(
      `services: {app: {image: a, environment: {A: "\${X:-1}", B: "\${X:-\${Y:-2}}", C: "\${X:-$Y}", D: "${many}"}}}`,
    )
    expect(values.env).toEqual(['A=1'])
    for (const name of ['B', 'C', 'D'])
      expect(ignored).toContain(`compose app.environment.${name} (paude reads no environment variable of this machine here)`)
  })

  test('is all that is looked into', () => {
    expect(read('services: {app: {image: one:1}, db: {image: 5, build: [x]}, other: null}').values.image).toBe('one:1')
  })

  test('needs no name where there is one', () =>
    expect(read('services: {box: {image: one:1}}', { service: undefined }).values.image).toBe('one:1'))

  test('that mounts the project elsewhere works where the project is', () => {
    const compose = 'services:\n  app:\n    image: one:1\n    working_dir: /workspace\n    volumes: ["..:/workspace"]\n'
    const { values, ignored } = read(compose)
    expect(values).toEqual({ image: 'one:1' })
    expect(ignored.join()).toContain('workspaceFolder')
  })
})

describe('a compose file that cannot be used is refused', () => {
  test.each([
    ['services: {other: {image: a}}', 'there is no service app in the compose file, which has other'],
    [
      'services: {app: {image: "x:${SECRET}"}}',
      'image is x:${SECRET}: paude reads no environment variable of this machine here, so it needs a default after :-',
    ],
    [
      'services: {app: {image: "x:${SECRET:?gone}"}}',
      ': paude reads no environment variable of this machine here, so it needs a default after :-',
    ],
    [
      'services: {app: {image: "$SECRET"}}',
      ': paude reads no environment variable of this machine here, so it needs a default after :-',
    ],
    ['services: {app: {image: "${localEnv:SECRET}"}}', 'image contains ${localEnv:SECRET}'],
    ['services: {app: {build: ../..}}', 'build.dockerfile is outside the project: '],
    ['services: {app: {build: {context: ., dockerfile: /etc/passwd}}}', 'build.dockerfile is outside the project: '],
    ['services: {app: {image: 5}}', 'services.app: image must be'],
    ['services: [', 'not valid YAML'],
    ['services: {app: {extends: app}}', 'app extends too many services'],
    ['services: {app: {extends: {file: /etc/passwd, service: x}}}', 'dockerComposeFile is outside the project: '],
    ['services: {app: {extends: nothing}}', 'services.nothing: it is missing'],
    ['{}', 'there is no service app'],
    ['', 'must be an object, found null'],
    ['services: {app: {image: --privileged}}', 'image is not an image reference'],
  ])('%s', (compose, message) => {
    expect(() => read(compose)).toThrow(message)
    try {
      read(compose)
    } catch (error) {
      expect((error as Error).message).not.toContain('hunter2')
    }
  })

  const entries = (count: number, entry = 'a') => Array.from({ length: count }, () => entry).join(',')
  test.each(['volumes', 'environment', 'build'])('also when its %s are many by one alias', (key) => {
    const value = key === 'build' ? '{context: ., args: *v}' : '*v'
    const services = Array.from({ length: 8 }, (_, at) => `s${at}: {extends: s${at + 1}, ${key}: ${value}}`).join(', ')
    const compose = `x: &v [${entries(20_000)}]\nservices: {app: {extends: s0, ${key}: ${value}}, ${services}, s8: {image: a}}\n`
    expect(() => read(compose)).toThrow('has more than 200 entries')
  })

  test('also when its mounts are many with those that it extends', () => {
    const compose = `services: {base: {volumes: [${entries(150)}]}, app: {extends: base, volumes: [${entries(150)}]}}`
    expect(() => read(compose)).toThrow('compose app.volumes has more than 200 entries')
    const names = (letter: string) => Array.from({ length: 150 }, (_, at) => `${letter}${at}: "1"`).join(',')
    const variables = `services: {base: {environment: {${names('A')}}}, app: {extends: base, environment: {${names('B')}}}}`
    expect(() => read(variables)).toThrow('compose app.environment has more than 200 entries')
  })

  test('also when it is a bomb of aliases', () => {
    const lines = Array.from({ length: 30 }, (_, at) => `x${at + 1}: &x${at + 1} [*x${at}, *x${at}, *x${at}]`)
    const compose = ['x0: &x0 [a]', ...lines, 'services: {app: {image: a, environment: *x30}}'].join('\n')
    expect(() => read(compose)).toThrow('not valid YAML: YAML Parse error: Excessive aliasing')
  })
})
