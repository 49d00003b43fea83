import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import type { Layer } from '../../src/config/keys/settings.ts'
import { mergeSources } from '../../src/config/layers/merge.ts'
import { PaudeError } from '../../src/errors.ts'
import { findDevcontainer } from '../../src/project/devcontainer/find.ts'
import { readDevcontainer } from '../../src/project/devcontainer/read.ts'
import { split } from '../../src/project/widen.ts'

const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-devcontainer-')))
const root = join(room, 'project')
const file = join(root, '.devcontainer/devcontainer.json')
beforeEach(() => {
  rmSync(room, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
})
afterAll(() => rmSync(room, { recursive: true, force: true }))

const put = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
const host = { home: '/home/ada', user: 'ada', env: { PATH: '/nonexistent', SECRET: 'hunter2-REAL' } }
const find = (name = 'use', folders = [root]) => findDevcontainer(folders, name)
const read = (content: unknown, more = host) => {
  put(file, typeof content === 'string' ? content : JSON.stringify(content))
  const found = find()
  if (found === null) throw new Error('not found')
  return readDevcontainer(found, { root, host: more })
}
const values = (content: unknown): Layer => read(content).source.values

describe('the devcontainer.json of a project', () => {
  test('is the one in its folder, before the one at the top level, before the only one with a name', () => {
    expect(find()).toBeNull()
    put(join(root, '.devcontainer/first/devcontainer.json'), '{}')
    expect(find()?.file.file).toBe(join(root, '.devcontainer/first/devcontainer.json'))
    put(join(root, '.devcontainer/second/devcontainer.json'), '{}')
    expect(() => find()).toThrow('has several configurations: first, second')
    expect(find('second')?.file.file).toBe(join(root, '.devcontainer/second/devcontainer.json'))
    expect(find('third')).toBeNull()
    put(join(root, '.devcontainer.json'), '{}')
    expect(find()?.file.file).toBe(join(root, '.devcontainer.json'))
    put(file, '{}')
    expect(find()?.file.file).toBe(file)
  })

  test('is that of the nearest folder', () => {
    put(file, '{}')
    put(join(root, 'sub/.devcontainer.json'), '{}')
    expect(find('use', [root, join(root, 'sub')])?.folder).toBe(join(root, 'sub'))
  })

  test.each(['..', '../x', 'a/b', '', '.', '/etc'])('has no name that leads elsewhere: %p', (name) => {
    expect(() => find(name)).toThrow('not the name of a folder')
  })

  test('is not reached through links', () => {
    put(join(room, 'elsewhere/devcontainer.json'), '{}')
    symlinkSync(join(room, 'elsewhere'), join(root, '.devcontainer'))
    expect(() => find()).toThrow('is reached through a link')
    rmSync(join(root, '.devcontainer'))
    symlinkSync(join(room, 'elsewhere/devcontainer.json'), join(root, '.devcontainer.json'))
    expect(() => find()).toThrow('is a link')
  })
})

describe('of a devcontainer.json', () => {
  test('image, variables, mounts and flags become settings', () => {
    expect(
      values({
        image: 'registry.example.org/team/box:1',
        containerEnv: { A: '1', PLACE: '${containerWorkspaceFolder}/x', ME: '${localEnv:USER}', B: 'first' },
        remoteEnv: { B: '${localEnv:OTHER}', URL: 'https://${localEnv:SECRET:none}@x', PATH: '${containerEnv:PATH}:/opt' },
        mounts: [
          'source=${localWorkspaceFolder}/../cache,target=/cache,type=bind,readonly',
          { source: '${localEnv:HOME}/notes', target: '/notes', type: 'bind' },
        ],
        runArgs: ['--shm-size', '1g', '--ulimit=nofile=99'],
      }),
    ).toEqual({
      image: 'registry.example.org/team/box:1',
      env: ['A=1', `PLACE=${root}/x`, 'ME=ada'],
      references: [
        { name: 'B', source: 'env:OTHER' },
        { name: 'URL', source: { template: 'https://${localEnv:SECRET:none}@x' } },
      ],
      mount: [`${room}/cache:/cache:ro`, '/home/ada/notes:/notes:rw'],
      dockerFlags: ['--shm-size=1g', '--ulimit=nofile=99'],
      podmanFlags: ['--shm-size=1g', '--ulimit=nofile=99'],
      lifecycle: [{ kind: 'export', name: 'PATH', value: '${containerEnv:PATH}:/opt' }],
    })
  })

  test('what decides which programs run is set behind the check of the mounts, since it may lead into the project', () => {
    const containerEnv = { PATH: '${localWorkspaceFolder}/bin:/usr/bin', LD_PRELOAD: 'x.so', LDAP: 'y' }
    expect(values({ containerEnv })).toEqual({
      env: ['LDAP=y'],
      lifecycle: [
        { kind: 'export', name: 'PATH', value: `${root}/bin:/usr/bin` },
        { kind: 'export', name: 'LD_PRELOAD', value: 'x.so' },
      ],
    })
  })

  test('a variable of the caller is named for whoever decides, and its value shown nowhere', () => {
    const { source } = read({ containerEnv: { T: '${localEnv:SECRET}', U: 'x-${localEnv:SECRET}' } })
    const base = mergeSources({ file: '', sources: [], managed: [] })
    expect(split(base, source).items.map(({ value }) => value)).toEqual(['T = env:SECRET', 'U = x-${localEnv:SECRET}'])
    expect(JSON.stringify(source)).not.toContain('hunter2')
  })

  test('nothing at all holds unasked', () => {
    put(join(root, '.devcontainer/Dockerfile'), 'FROM x')
    const { source } = read({
      build: { dockerfile: 'Dockerfile' },
      containerEnv: { A: '1', B: '${localEnv:SECRET}' },
      remoteEnv: { PATH: '${containerEnv:PATH}:/x' },
      mounts: ['type=bind,source=/srv/data,target=/data'],
      runArgs: ['--shm-size=1g'],
      postCreateCommand: 'make',
      postStartCommand: { a: ['b', 'c d'] },
    })
    const { items, rest } = split(mergeSources({ file: '', sources: [], managed: [] }), source)
    expect(new Set(Object.keys(source.values))).toEqual(
      new Set(['image', 'imageBuild', 'env', 'references', 'mount', 'dockerFlags', 'podmanFlags', 'lifecycle']),
    )
    expect(Object.values(rest.values).flat()).toEqual([])
    expect(items.map(({ key, value }) => `${key} = ${value}`).slice(1)).toEqual([
      `build = ${root}/.devcontainer/Dockerfile, whose steps run outside the wall with the files of ${root}/.devcontainer`,
      'env = A=1',
      'env = B = env:SECRET',
      'mounts = /srv/data:/data:rw',
      'docker.extra_flags = --shm-size=1g',
      'podman.extra_flags = --shm-size=1g',
      'lifecycle = remoteEnv.PATH = ${containerEnv:PATH}:/x',
      'lifecycle = postCreateCommand: make',
      "lifecycle = postStartCommand.a: b 'c d'",
    ])
  })

  test('commands are a text, a list, or an object of them, and a shell’s own variables are left to the shell', () => {
    const { lifecycle } = values({
      postStartCommand: 'echo ${HOME} $(id) ${localWorkspaceFolderBasename}',
      postCreateCommand: { web: ['npm', 'ci'], none: '' },
      onCreateCommand: ['make', 'all'],
      workspaceFolder: '${localWorkspaceFolder}/app',
    })
    const step = { kind: 'run', folder: join(root, 'app') } as const
    expect(lifecycle).toEqual([
      { ...step, stage: 'onCreateCommand', name: '', once: true, command: ['make', 'all'] },
      { ...step, stage: 'postCreateCommand', name: 'web', once: true, command: ['npm', 'ci'] },
      { ...step, stage: 'postStartCommand', name: '', once: false, command: 'echo ${HOME} $(id) project' },
    ])
  })

  test('what has no effect is named with the reason', () => {
    const { ignored, source } = read({
      name: 'x',
      $schema: 'y',
      init: true,
      appPort: 3000,
      customizations: {},
      initializeCommand: 'curl evil',
      remoteUser: 'vscode',
      somethingNew: 1,
      workspaceFolder: '/workspaces/x',
      build: { cacheFrom: 'x' },
      containerEnv: {
        ANTHROPIC_API_KEY: 'x',
        KEY: '${localEnv:ANTHROPIC_API_KEY}',
        KEY2: 'a${localEnv:CLAUDE_CODE_OAUTH_TOKEN:b}',
        HTTPS_PROXY: 'x',
        HOME: '/x',
        MIX: '${localEnv:A}${containerEnv:B}',
        PATH: '${localEnv:PATH}',
      },
      remoteEnv: { GONE: null },
      mounts: ['source=cache,target=/c,type=volume', { target: '/t', type: 'tmpfs' }],
      runArgs: ['--init', '--name', 'x'],
    })
    expect(source.values).toEqual({})
    expect(ignored).toEqual([
      'appPort (paude forward brings ports of the box to this machine)',
      'customizations (it is for editors)',
      'initializeCommand (it would run on this machine)',
      'remoteUser (the box runs as you)',
      'somethingNew',
      'build.cacheFrom',
      'workspaceFolder (the project is mounted at its own path)',
      'containerEnv.ANTHROPIC_API_KEY (ANTHROPIC_API_KEY stays outside the box)',
      'containerEnv.KEY (ANTHROPIC_API_KEY stays outside the box)',
      'containerEnv.KEY2 (CLAUDE_CODE_OAUTH_TOKEN stays outside the box)',
      'containerEnv.HTTPS_PROXY (HTTPS_PROXY is set by paude in the box)',
      'containerEnv.HOME (the box has its own)',
      'containerEnv.MIX (mixes variables of the box with those of this machine)',
      "containerEnv.PATH (the engine's own client obeys it)",
      'remoteEnv.GONE (variables are not taken away)',
      'mounts[0] (of type volume; only bind mounts are taken over)',
      'mounts[1] (of type tmpfs; only bind mounts are taken over)',
      'runArgs --init (every box has its own)',
      'runArgs --name=x (every box has its own)',
    ])
  })
})

describe('a devcontainer.json that opens the box is refused by name', () => {
  test.each([
    [{ runArgs: ['--privileged'] }, '--privileged is refused: it takes every wall around the box away'],
    [{ privileged: true }, '--privileged is refused'],
    [{ runArgs: ['--cap-add', 'SYS_ADMIN'] }, '--cap-add is refused: it gives back a privilege'],
    [{ capAdd: ['SYS_PTRACE'] }, '--cap-add is refused'],
    [{ securityOpt: ['seccomp=unconfined'] }, '--security-opt is refused: it loosens the hardening'],
    [{ runArgs: ['--security-opt', 'seccomp=unconfined'] }, '--security-opt is refused'],
    [{ runArgs: ['--network=host'] }, '--network is refused: it goes round the allowlist'],
    [{ runArgs: ['--net', 'host'] }, '--net is refused'],
    [{ runArgs: ['-v', '/:/host'] }, '-v is refused: it is not checked as mounts are'],
    [{ runArgs: ['--pid=host'] }, '--pid is refused'],
    [{ runArgs: ['--device=/dev/kvm'] }, '--device is refused'],
    [{ runArgs: ['--env-file', '.env'] }, '--env-file is refused'],
    [{ runArgs: ['--user=0'] }, '--user is refused'],
    [{ runArgs: ['--init', '--brand-new=1'] }, '--brand-new is refused: only these are known to open nothing'],
    [{ runArgs: ['--label=paude.role=agent'] }, '--label=paude'],
    [{ runArgs: ['evil.example.org/image'] }, 'is not a flag'],
    [{ runArgs: ['--shm-size=${localEnv:SECRET}'] }, 'runArgs[0] has ${localEnv:SECRET} in it'],
    [{ image: 'x:${localEnv:SECRET}' }, 'image has ${localEnv:SECRET} in it'],
    [{ mounts: ['type=bind,source=/${localEnv:SECRET},target=/x'] }, 'mounts[0] has ${localEnv:SECRET} in it'],
    [{ postCreateCommand: 'echo ${localEnv:SECRET}' }, 'postCreateCommand has ${localEnv:SECRET} in it'],
    [{ postStartCommand: ['a\0b'] }, 'postStartCommand contains a NUL byte'],
    [{ build: { dockerfile: 'Dockerfile', args: { A: '${localEnv:SECRET}' } } }, 'build.args.A has ${localEnv:SECRET} in it'],
    [{ build: { dockerfile: '../../Dockerfile' } }, 'build.dockerfile leads out of the project'],
    [{ build: { dockerfile: '/etc/passwd' } }, 'build.dockerfile leads out of the project'],
    [{ build: { dockerfile: 'Dockerfile', context: '../..' } }, 'build.context leads out of the project'],
    [{ build: { dockerfile: 'Dockerfile', context: 'out' } }, 'build.context leads out of the project'],
    [{ build: { dockerfile: 'Dockerfile', context: 'nothing' } }, 'is no folder'],
    [{ build: { dockerfile: 'Link' } }, 'is a link'],
    [{ build: { dockerfile: 'a/'.repeat(9000) } }, 'build.dockerfile is longer than any path'],
    [{ build: { dockerfile: 'Dockerfile', context: 'a/'.repeat(9000) } }, 'build.context is longer than any path'],
    [{ image: 'i', mounts: [`type=bind,source=/${'a/'.repeat(9000)},target=/x`] }, 'no system takes so long a path'],
    [{ build: { dockerfile: 'out/Dockerfile' } }, 'build.dockerfile leads out of the project'],
    [{ build: { dockerfile: 'Nothing' } }, 'Nothing is not there'],
    [{ runArgs: ['-p', '3000:3000'] }, '-p is refused: it lets others reach into the box'],
    [{ dockerComposeFile: 'compose.yml' }, 'dockerComposeFile needs more containers than a box has'],
    [{ image: 'x', features: { './mine': {} } }, 'mine lies in the project'],
    [{ features: { 'registry.example.org/f/a:1': {} } }, 'features need an image or a build'],
    [
      { image: 'x', features: { 'registry.example.org/f/a:1': {} } },
      'features are put on by the devcontainer CLI, which is not in PATH',
    ],
    [{ image: 3 }, 'image must be a text, found 3'],
    [{ mounts: [5] }, 'mounts.0 must be a text or an object, found 5'],
    [{ postStartCommand: 1 }, 'postStartCommand must be a text, a list of texts, or an object of them, found 1'],
    [{ build: 5 }, 'build must be an object, found 5'],
    [[], 'it must be an object, found a list'],
  ] as readonly (readonly [unknown, string])[])('%j', (content, message) => {
    mkdirSync(join(room, 'outside'))
    put(join(room, 'outside/Dockerfile'), 'FROM x')
    put(join(root, '.devcontainer/Dockerfile'), 'FROM x')
    symlinkSync(join(room, 'outside'), join(root, '.devcontainer/out'))
    symlinkSync('Dockerfile', join(root, '.devcontainer/Link'))
    expect(() => read(content)).toThrow(message)
    try {
      read(content)
    } catch (error) {
      expect(error).toBeInstanceOf(PaudeError)
      expect((error as PaudeError).message).toContain(root)
      expect((error as PaudeError).hint).not.toBe('')
    }
  })

  test('a type error tells the line', () => {
    expect(() => read('{\n  // as editors write it\n  "image": 3\n}')).toThrow(`${file}:3: image must be a text, found 3`)
    expect(() => read('{\n  "mounts": [\n    "type=bind",\n    5\n  ]\n}')).toThrow(`${file}:4: mounts.1 must be`)
  })

  test('ports that the project would like to have outside are taken over', () =>
    expect(values({ forwardPorts: [3000, 'localhost:4000', 'db:5432'] })).toEqual({ forwardPorts: [3000, 4000] }))

  const refusal = (folder: string, path: string, content: object): PaudeError => {
    put(join(folder, path), JSON.stringify(content))
    const found = findDevcontainer([root, folder], 'use')
    try {
      if (found !== null) readDevcontainer(found, { root, host })
    } catch (error) {
      if (error instanceof PaudeError) return error
    }
    throw new Error('not refused')
  }

  test('names the folder where another configuration would be found', () => {
    const { hint } = refusal(root, '.devcontainer/b/devcontainer.json', { dockerComposeFile: 'c.yml' })
    expect(hint).toContain(`into ${root}/.devcontainer/NAME, and`)
  })

  test('shows no name of a folder as a terminal would act on it', () => {
    const { message } = refusal(join(root, 'a\u202eb\u009b'), '.devcontainer.json', { runArgs: ['--privileged'] })
    expect(message).toContain('a\\u{202e}b\\u{9b}/.devcontainer.json: runArgs: --privileged is refused')
  })

  test('and no text in it ends in anything but settings or a sentence', () => {
    const key = fc.constantFrom(
      ...['image', 'build', 'containerEnv', 'remoteEnv', 'mounts', 'runArgs', 'postCreateCommand', 'features', '__proto__'],
      ...['workspaceFolder', 'dockerFile', 'context', 'capAdd', 'constructor', 'toString'],
    )
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('${', '${localEnv:A', '${localEnv:A}', '${containerEnv:}', 'source=,', '--', '-', '__proto__'),
    )
    const value = fc.oneof(word, fc.array(word), fc.dictionary(word, fc.oneof(word, fc.constant(null))), fc.jsonValue())
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (entries) => {
        try {
          read(`{${entries.map(([name, said]) => `${JSON.stringify(name)}:${JSON.stringify(said)}`).join(',')}}`)
        } catch (error) {
          expect(error).toBeInstanceOf(PaudeError)
          expect((error as PaudeError).message).toContain(root)
        }
      }),
    )
  })
})

describe('a recipe', () => {
  const reference = (build: object) => values({ build }).imageBuild?.reference

  test('has a name that changes with everything that is said of the image', () => {
    put(join(root, '.devcontainer/Dockerfile'), 'FROM x')
    const dockerfile = 'Dockerfile'
    const plain = reference({ dockerfile })
    expect(reference({ dockerfile })).toBe(plain)
    const others = [
      reference({ dockerfile, target: 'a' }),
      reference({ dockerfile, args: { A: '1' } }),
      reference({ dockerfile, context: '..' }),
    ]
    put(join(root, '.devcontainer/Dockerfile'), 'FROM y')
    expect(new Set([...others, plain, reference({ dockerfile })]).size).toBe(5)
  })

  test('has the real place of its context', () => {
    put(join(root, '.devcontainer/Dockerfile'), 'FROM x')
    mkdirSync(join(root, 'real'))
    symlinkSync('real', join(root, 'link'))
    expect(values({ build: { dockerfile: 'Dockerfile', context: '../link' } }).imageBuild?.context).toBe(join(root, 'real'))
  })

  test('is also read in its older form, from the folder of the file on', () => {
    put(join(root, 'Dockerfile'), 'FROM x')
    const { imageBuild, image } = values({ dockerFile: '../Dockerfile', context: '..' })
    expect(imageBuild).toMatchObject({ context: root, dockerfile: { path: join(root, 'Dockerfile'), text: 'FROM x' } })
    expect(image).toBe(imageBuild?.reference)
  })

  test('with features is for the devcontainer CLI', () => {
    put(join(room, 'bin/devcontainer'), '#!/bin/sh\n')
    chmodSync(join(room, 'bin/devcontainer'), 0o755)
    const features = { 'registry.example.org/f/go:1': { version: '1.24' } }
    const { source } = read({ image: 'base:1', features }, { ...host, env: { ...host.env, PATH: join(room, 'bin') } })
    expect(source.values.imageBuild).toMatchObject({ base: 'base:1', dockerfile: null, features })
  })
})
