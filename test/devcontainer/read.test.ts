import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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
    expect(() => find()).toThrow(' is behind a symbolic link, so paude does not read it')
    rmSync(join(root, '.devcontainer'))
    symlinkSync(join(room, 'elsewhere/devcontainer.json'), join(root, '.devcontainer.json'))
    expect(() => find()).toThrow('is a link')
  })
})

describe('of a devcontainer.json', () => {
  test('image, variables, mounts and flags become settings', () => {
    mkdirSync(join(room, 'cache'))
    mkdirSync(join(room, 'home/notes'), { recursive: true })
    const host = { home: join(room, 'home'), user: 'ada', env: {} }
    const values = (content: unknown) => read(content, { ...host, env: { PATH: '', SECRET: '' } }).source.values
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
      mount: [`${room}/cache:/cache:ro`, `${room}/home/notes:/notes:rw`],
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
      mounts: ['type=bind,source=/srv,target=/data'],
      runArgs: ['--shm-size=1g'],
      postCreateCommand: 'make',
      postStartCommand: { a: ['b', 'c d'] },
    })
    const { items, rest } = split(mergeSources({ file: '', sources: [], managed: [] }), source)
    expect(new Set(Object.keys(source.values))).toEqual(
      new Set([
        ...['image', 'imageBuild', 'env', 'references', 'mount', 'dockerFlags', 'podmanFlags', 'lifecycle', 'workspaceLinks'],
      ]),
    )
    // A name in the box for what is there anyway.
    expect(Object.values(rest.values).flat()).toEqual([{ kind: 'link', name: 'project', folder: root }])
    expect(items.map(({ key, value }) => `${key} = ${value}`).slice(1)).toEqual([
      `build = ${root}/.devcontainer/Dockerfile, whose steps run outside the wall with the files of ${root}/.devcontainer`,
      'env = A=1',
      'env = B = env:SECRET',
      'mounts = /srv:/data:rw',
      'docker.extra_flags = --shm-size=1g',
      'podman.extra_flags = --shm-size=1g',
      'lifecycle = remoteEnv.PATH = ${containerEnv:PATH}:/x',
      'lifecycle = postCreateCommand: make',
      "lifecycle = postStartCommand.a: b 'c d'",
    ])
  })

  test('the project is where other tools have it, and commands run in the folder that the file names', () => {
    const { workspaceLinks, lifecycle } = values({ workspaceFolder: '/workspaces/engine/app', postCreateCommand: 'make' })
    const link = (name: string) => ({ kind: 'link', name, folder: root }) as const
    expect(workspaceLinks).toEqual([link('project'), link('engine')])
    expect(lifecycle).toMatchObject([{ folder: join(root, 'app') }])
    for (const workspaceFolder of [
      '/workspaces/${localEnv:SECRET}',
      '/workspaces/../etc',
      '/workspaces/a\nb',
      '/workspaces',
      '/workspaces/x/../../..',
      '/etc',
    ])
      expect(values({ workspaceFolder, postCreateCommand: 'make' })).toMatchObject({
        workspaceLinks: [link('project')],
        lifecycle: [{ folder: root }],
      })
  })

  test('what editors take is taken: null for nothing, numbers and truth values for texts, a mount without a place', () => {
    const { source, ignored } = read({
      image: 'i:1',
      onCreateCommand: null,
      remoteUser: null,
      waitFor: null,
      containerEnv: { A: 1, B: true },
      mounts: [{ source: '/srv', type: 'bind' }],
    })
    expect(source.values).toEqual({ image: 'i:1', env: ['A=1', 'B=true'] })
    expect(ignored.join()).toContain('mounts[0] (it has no target in the sandbox)')
  })

  test('no more is looked into before anybody trusts it than people have', () => {
    const many = Array.from({ length: 1000 }, (_, at) => at)
    const { source, ignored } = read({ mounts: many.map((at) => `type=bind,source=/srv,target=/m${at}`) })
    expect(source.values.mount).toHaveLength(32)
    expect(ignored).toHaveLength(968)
    expect(ignored[0]).toBe('mounts[32] (paude only reads the first 32)')
    const features = Object.fromEntries(many.map((at) => [`r.example.org/f/a${at}`, {}]))
    expect(() => read({ image: 'i:1', features })).toThrow('more than 64 features')
    const long = `r.example.org/${':'.repeat(30_000)}`
    expect(read({ image: 'i:1', features: { [long]: {} }, overrideFeatureInstallOrder: [long] }).ignored.join()).toContain(
      '(its name is too long)',
    )
    expect(() => read({ dockerComposeFile: many.map((at) => `c${at}.yml`) })).toThrow(
      'dockerComposeFile names more than 16 files',
    )
  })

  test('no text takes more to read than it has letters', () => {
    const nested = `${'${localEnv:A:'.repeat(4000)}}`
    const [entry = ''] = values({ image: 'i:1', containerEnv: { A: nested.replaceAll('localEnv:A', 'localEnv:HOME') } }).env ?? []
    expect(entry.length).toBeLessThan(nested.length)
    expect(() => read(`{"mounts": [${'1,'.repeat(20_000)}1]}`)).toThrow(/line 1: mounts\.19 must .*\n {2}and 19981 more$/)
  })

  test('what waits for what is as the file says', () => {
    const commands = { onCreateCommand: 'a', postCreateCommand: 'b', postStartCommand: 'c' }
    const behind = (waitFor?: string) =>
      values({ ...commands, waitFor }).lifecycle?.flatMap((step) => (step.kind === 'run' && step.background ? [step.stage] : []))
    expect(behind()).toEqual(['postStartCommand'])
    expect(behind('postStartCommand')).toEqual([])
    expect(behind('updateContentCommand')).toEqual(['postCreateCommand', 'postStartCommand'])
    expect(behind('initializeCommand')).toEqual(Object.keys(commands))
  })

  test('commands are a text, a list, or an object of them, and a shell’s own variables are left to the shell', () => {
    const { lifecycle } = values({
      postStartCommand: 'echo ${HOME} $(id) ${localWorkspaceFolderBasename}',
      postCreateCommand: { web: ['npm', 'ci'], none: '' },
      onCreateCommand: ['make', 'all'],
      workspaceFolder: '${localWorkspaceFolder}/app',
    })
    const step = { kind: 'run', folder: join(root, 'app'), background: false } as const
    expect(lifecycle).toEqual([
      { ...step, stage: 'onCreateCommand', name: '', once: true, command: ['make', 'all'] },
      { ...step, stage: 'postCreateCommand', name: 'web', once: true, command: ['npm', 'ci'] },
      { ...step, stage: 'postStartCommand', name: '', once: false, background: true, command: 'echo ${HOME} $(id) project' },
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
      workspaceFolder: '/workspace',
      build: { cacheFrom: 'x', args: { A: 'b' } },
      containerEnv: {
        ANTHROPIC_API_KEY: 'x',
        KEY: '${localEnv:ANTHROPIC_API_KEY}',
        KEY2: 'a${localEnv:CLAUDE_CODE_OAUTH_TOKEN:b}',
        HTTPS_PROXY: 'x',
        HOME: '/x',
        CLAUDE_CONFIG_DIR: '/home/node/.claude',
        MIX: '${localEnv:A}${containerEnv:B}',
        PATH: '${localEnv:PATH}',
      },
      remoteEnv: { GONE: null },
      mounts: ['source=cache,target=/c,type=volume', { target: '/t', type: 'tmpfs' }],
      runArgs: ['--init', '--name', 'x'],
    })
    expect(source.values).toEqual({})
    expect(ignored).toEqual([
      'remoteUser (the sandbox runs as you)',
      'appPort (use paude forward)',
      'initializeCommand (it would run on this machine)',
      'somethingNew',
      'build.args (without a Dockerfile)',
      'workspaceFolder (the project is mounted at its own path)',
      'runArgs --init (every sandbox has its own)',
      'runArgs --name=x (every sandbox has its own)',
      'mounts[0] (of type volume; paude only uses bind mounts)',
      'mounts[1] (of type tmpfs; paude only uses bind mounts)',
      'containerEnv.ANTHROPIC_API_KEY (ANTHROPIC_API_KEY stays outside the sandbox)',
      'containerEnv.KEY (ANTHROPIC_API_KEY stays outside the sandbox)',
      'containerEnv.KEY2 (CLAUDE_CODE_OAUTH_TOKEN stays outside the sandbox)',
      'containerEnv.HTTPS_PROXY (HTTPS_PROXY is set by paude in the sandbox)',
      'containerEnv.HOME (the sandbox has its own)',
      'containerEnv.CLAUDE_CONFIG_DIR (the sandbox has its own)',
      'containerEnv.MIX (mixes environment variables of the sandbox and of this machine)',
      "containerEnv.PATH (the engine's client obeys it itself)",
      'remoteEnv.GONE (paude cannot unset a variable)',
    ])
  })
})

describe('what opens the sandbox is left out by name, and the rest of the file holds', () => {
  test.each([
    [{ runArgs: ['--privileged'] }, 'runArgs --privileged (it removes the isolation of the sandbox)'],
    [{ privileged: true }, 'privileged (it removes the isolation of the sandbox)'],
    [{ runArgs: ['--cap-add', 'SYS_ADMIN'] }, 'runArgs --cap-add=SYS_ADMIN (it gives the agent privileges)'],
    [{ capAdd: ['SYS_PTRACE'] }, 'capAdd SYS_PTRACE (debuggers work without it)'],
    [{ securityOpt: ['seccomp=unconfined'] }, 'securityOpt seccomp=unconfined (debuggers work without it)'],
    [{ securityOpt: ['apparmor=unconfined'] }, 'securityOpt apparmor=unconfined (it loosens the hardening;'],
    [{ runArgs: ['--network=host'] }, 'runArgs --network=host (it bypasses the allowlist)'],
    [{ runArgs: ['--net', 'host'] }, 'runArgs --net=host (it bypasses the allowlist)'],
    [{ runArgs: ['-v', '/:/host'] }, 'runArgs -v=/:/host (it bypasses the checks of mounts; use the key mounts'],
    [{ runArgs: ['--pid=host'] }, 'runArgs --pid=host (it shows the processes'],
    [{ runArgs: ['--device=/dev/kvm'] }, 'runArgs --device=/dev/kvm (it gives the sandbox a device of this machine'],
    [{ runArgs: ['--env-file', '.env'] }, 'runArgs --env-file=.env (it reads a file of this machine'],
    [{ runArgs: ['--user=0'] }, 'runArgs --user=0 (it changes the user of the agent)'],
    [{ runArgs: ['--brand-new=1'] }, 'runArgs --brand-new=1 (not known to be harmless)'],
    [
      { runArgs: ['--platform=linux/amd64'] },
      'runArgs --platform=linux/amd64 (it chooses another architecture than that of this machine',
    ],
    [{ runArgs: ['--label=paude.role=agent'] }, 'runArgs --label=paude.role=agent (paude finds its sandboxes by these labels)'],
    [{ runArgs: ['evil.example.org/image'] }, 'runArgs evil.example.org/image (not a valid flag)'],
    [{ runArgs: ['-p', '3000:3000'] }, 'runArgs -p=3000:3000 (it lets others connect to the sandbox)'],
    [{ runArgs: ['--shm-size=${localEnv:SECRET}'] }, 'runArgs --shm-size=${localEnv:SECRET} (paude does not read SECRET here)'],
    [{ runArgs: ['-e', 'ANTHROPIC_API_KEY=x'] }, 'runArgs.ANTHROPIC_API_KEY (ANTHROPIC_API_KEY stays outside the sandbox)'],
    [{ runArgs: ['-e', 'ANTHROPIC_API_KEY'] }, 'runArgs.ANTHROPIC_API_KEY (ANTHROPIC_API_KEY stays outside the sandbox)'],
    [{ runArgs: ['-e', 'HTTPS_PROXY=http://evil'] }, 'runArgs.HTTPS_PROXY (HTTPS_PROXY is set by paude in the sandbox)'],
    [{ mounts: ['type=bind,source=/${localEnv:SECRET},target=/x'] }, 'mounts[0] (paude does not read SECRET here)'],
    [{ mounts: ['type=bind,source=/,target=/x'] }, 'mounts[0] (/ is '],
    [{ mounts: ['type=bind,source=/etc,target=/x'] }, 'mounts[0] (/etc belongs '],
    [{ mounts: ['type=bind,source=/nothing,target=/x'] }, 'mounts[0] (/nothing: it does not exist)'],
    [{ mounts: [`type=bind,source=/${'a/'.repeat(9000)},target=/x`] }, 'mounts[0] ('],
    [{ mounts: ['type=bind,source=${localWorkspaceFolder}/data,target=/d'] }, 'the project is mounted at its own path)'],
    [{ mounts: ['type=bind,source=${localWorkspaceFolder}/link,target=/d'] }, 'the project is mounted at its own path)'],
    [{ mounts: ['type=bind,source=/srv,target=${localWorkspaceFolder}/.git/hooks'] }, 'it would hide the project)'],
    [{ mounts: ['type=bind,source=/srv,target=/'] }, 'it would hide the project)'],
    [{ postCreateCommand: 'echo ${localEnv:SECRET}' }, 'postCreateCommand (paude does not read SECRET here)'],
    [{ postStartCommand: { a: ['echo', '${localEnv:SECRET}'] } }, 'postStartCommand (paude does not read SECRET here)'],
  ] as readonly (readonly [object, string])[])('%j', (content, message) => {
    symlinkSync(room, join(root, 'link'))
    const { source, ignored } = read({ image: 'i:1', ...content })
    expect(source.values).toEqual({ image: 'i:1' })
    expect(ignored.join('\n')).toContain(message)
    expect(ignored.join('\n')).not.toContain('hunter2')
  })

  test('variables that flags set are variables, and those of the caller are named for whoever decides', () =>
    expect(values({ runArgs: ['-e', 'A=b=c', '--env=MINE', '--rm'], containerEnv: { A: 'last' } })).toEqual({
      env: ['A=b=c', 'A=last'],
      references: [{ name: 'MINE', source: 'env:MINE' }],
    }))

  test('a default stands in for a variable of the caller, whose value is read nowhere but in variables of the sandbox', () => {
    put(join(root, '.devcontainer/Dockerfile'), 'FROM x')
    const { imageBuild } = values({
      build: { dockerfile: 'Dockerfile', args: { TZ: '${localEnv:SECRET:UTC}', NONE: '${localEnv:SECRET}' } },
    })
    expect(imageBuild?.args).toEqual({ TZ: 'UTC' })
    expect(values({ image: 'x:${localEnv:SECRET:1}' }).image).toBe('x:1')
    mkdirSync(join(room, 'home'))
    const home = { ...host, home: join(room, 'home') }
    const mounts = ['type=bind,source=${env:HOME}${env:USERPROFILE}/..,target=/x']
    expect(read({ mounts }, home).ignored.join()).not.toContain('USERPROFILE')
  })
})

describe('a devcontainer.json that cannot be used is refused', () => {
  test('for everything that is wrong with it at once', () => {
    const several = { image: 'Debian:12', dockerComposeFile: 'nothing.yml', build: { dockerfile: '../../Dockerfile' } }
    expect(() => read(several)).toThrow(
      /cannot be used:\n {2}dockerComposeFile: .* does not exist\n {2}build\.dockerfile is outside the project: /,
    )
    expect(() => read('{\n"image": 3,\n"mounts": [5]}')).toThrow(
      /cannot be used:\n {2}line 2: image must be .*\n {2}line 3: mounts.0 must/,
    )
  })

  test.each([
    [{ image: 'x:${localEnv:SECRET}' }, 'image contains ${localEnv:SECRET}'],
    [{ image: 'Debian:12' }, 'image is not an image reference: "Debian:12"'],
    [{ image: 'Debian:12', features: { 'registry.example.org/f/a:1': {} } }, 'image is not an image reference: "Debian:12"'],
    [{ postStartCommand: ['a\0b'] }, 'postStartCommand contains a NUL byte'],
    [{ build: { dockerfile: '../../Dockerfile' } }, 'build.dockerfile is outside the project: '],
    [{ build: { dockerfile: '/etc/passwd' } }, 'build.dockerfile is outside the project: '],
    [{ build: { dockerfile: 'Dockerfile', context: '../..' } }, 'build.context is outside the project: '],
    [{ build: { dockerfile: 'Dockerfile', context: 'out' } }, 'build.context is outside the project: '],
    [{ build: { dockerfile: 'Dockerfile', context: 'nothing' } }, ' is not a folder'],
    [{ build: { dockerfile: 'Link' } }, 'is a link'],
    [{ build: { dockerfile: 'a/'.repeat(9000) } }, 'build.dockerfile is too long for a path: '],
    [{ build: { dockerfile: 'Dockerfile', context: 'a/'.repeat(9000) } }, 'build.context is too long for a path: '],
    [{ build: { dockerfile: 'out/Dockerfile' } }, 'build.dockerfile is outside the project: '],
    [{ build: { dockerfile: 'Nothing' } }, 'Nothing does not exist'],
    [{ image: 'x', features: { './mine': {} } }, 'features: "./mine" is not a folder'],
    [{ image: 'x', features: { '../..': {} } }, 'features: "../.." is outside the project'],
    [{ image: 'x', features: { './out': {} } }, 'features: "./out" is outside the project'],
    [{ dockerComposeFile: 'compose.yml' }, 'compose.yml does not exist'],
    [{ dockerComposeFile: '../../compose.yml' }, 'dockerComposeFile is outside the project: '],
    [{ dockerComposeFile: 'out/compose.yml' }, 'dockerComposeFile is outside the project: '],
    [{ image: 3 }, 'image must be a string, found 3'],
    [{ mounts: [5] }, 'mounts.0 must be a string or an object, found 5'],
    [{ postStartCommand: 1 }, 'postStartCommand must be a string, a list of strings, or an object of them, found 1'],
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
    expect(() => read('{\n  // as editors write it\n  "image": 3\n}')).toThrow(`${file}:3: image must be a string, found 3`)
    expect(() => read('{\n  "mounts": [\n    "type=bind",\n    5\n  ]\n}')).toThrow(`${file}:4: mounts.1 must be`)
  })

  test('ports that the project would like to have outside are taken over', () =>
    expect(values({ forwardPorts: [3000, 'localhost:4000', 'db:5432'] })).toEqual({ forwardPorts: [3000, 4000] }))

  test('and no text in it ends in anything but settings or a sentence', () => {
    const key = fc.constantFrom(
      ...['image', 'build', 'containerEnv', 'remoteEnv', 'mounts', 'runArgs', 'postCreateCommand', 'features', '__proto__'],
      ...['workspaceFolder', 'dockerFile', 'context', 'capAdd', 'constructor', 'toString', 'service', 'waitFor', 'securityOpt'],
      ...['dockerComposeFile', 'overrideFeatureInstallOrder', 'postStartCommand', 'remoteUser', 'forwardPorts', 'privileged'],
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

  test('has its features with their options, and those of the project by their real folder', () => {
    mkdirSync(join(root, '.devcontainer/mine'), { recursive: true })
    const features = {
      'registry.example.org/f/go:1': { version: 1.24, fast: true },
      'registry.example.org/F/Node': '22',
      './mine': {},
      'registry.example.org/f/docker-in-docker:2': {},
      node: 'latest',
    }
    const { source, ignored } = read({ image: 'base:1', remoteUser: 'vscode', features })
    expect(source.values.imageBuild).toMatchObject({
      base: 'base:1',
      dockerfile: null,
      user: 'vscode',
      features: [
        { name: 'registry.example.org/f/go:1', options: { version: '1.24', fast: 'true' }, folder: '', digest: '' },
        { name: 'registry.example.org/f/node', options: { version: '22' }, folder: '', digest: '' },
        { name: './mine', options: {}, folder: join(root, '.devcontainer/mine'), digest: '' },
      ],
    })
    expect(ignored.join()).toContain(
      'feature registry.example.org/f/docker-in-docker:2 (it needs privileges that a sandbox does not have),feature node (not published in a registry)',
    )
    expect(read({ features: { 'registry.example.org/f/go:1': {} } }).source.values.imageBuild?.base).toStartWith(
      'docker.io/library/debian',
    )
  })

  test('takes the features that its lock file names, and nothing that this says of others', () => {
    const [digest = '', other = ''] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`)
    const features = { 'r.example.org/f/a:1': {}, 'r.example.org/f/b:1': {}, 'r.example.org/f/c:1': {} }
    const digests = () => values({ image: 'i:1', features }).imageBuild?.features.map((one) => one.digest)
    const lock = join(root, '.devcontainer/devcontainer-lock.json')
    const resolved = {
      'r.example.org/f/a:1': { resolved: `r.example.org/f/a@${digest}` },
      'r.example.org/f/b:1': { resolved: `evil.example.org/f/b@${other}` },
      'r.example.org/f/c:1': { resolved: 'r.example.org/f/c@sha256:../../x' },
    }
    put(lock, JSON.stringify({ features: resolved }))
    expect(digests()).toEqual([digest, '', ''])
    // No name is so long.
    put(lock, JSON.stringify({ features: { [`r.example.org/${':'.repeat(60_000)}`]: { resolved: 'x' } } }))
    expect(digests()).toEqual(['', '', ''])
    put(lock, 'x')
    expect(digests()).toEqual(['', '', ''])
    expect(read({ image: 'i:1', features }).ignored).toContain('devcontainer-lock.json (paude cannot read it)')
    rmSync(lock)
    symlinkSync('/etc/passwd', lock)
    expect(digests).toThrow('is a link')
  })

  test('installs features in the order that the file wants', () => {
    const names = (order: readonly string[]) =>
      values({
        image: 'i:1',
        features: { 'r.example.org/f/a:1': {}, 'r.example.org/f/b:1': {}, 'r.example.org/f/c:1': {} },
        overrideFeatureInstallOrder: order,
      }).imageBuild?.features.map(({ name }) => name.slice(-3))
    expect(names([])).toEqual(['a:1', 'b:1', 'c:1'])
    expect(names(['r.example.org/f/c'])).toEqual(['c:1', 'a:1', 'b:1'])
  })
})
