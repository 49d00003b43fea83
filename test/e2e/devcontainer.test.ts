import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { publish } from '../support/registry.ts'
import {
  agentImage,
  describeEach,
  engine,
  expectGone,
  inTurn,
  lines,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  root,
  serveApi,
} from './support.ts'

setDefaultTimeout(240_000) // ms: images are built, and tests run side by side

const api = serveApi()
afterAll(() => api.stop())

const FREE = '--dangerously-skip-permissions'

describeEach('a devcontainer.json', (backend) => {
  const options = ({ env, ...rest }: RunOptions = {}): RunOptions => ({
    ...rest,
    env: { ...api.env, PAUDE_BACKEND: backend, ...env },
  })
  const run = (words: readonly string[], given: RunOptions = {}) => inTurn(() => paude(words, options(given)))
  const built: string[] = []
  let base = ''

  beforeAll(async () => {
    expect((await run(['image', 'build'])).code).toBe(0)
    base = await agentImage(backend)
  })
  afterAll(async () => {
    for (const image of built) await engine(backend, ['rmi', '--force', image])
  })

  const projectWith = (content: object, files: Readonly<Record<string, string>> = {}): string => {
    const cwd = makeProject()
    put(join(cwd, '.devcontainer/devcontainer.json'), `// as editors write it\n${JSON.stringify(content, null, 2)}`)
    for (const [name, text] of Object.entries(files)) put(join(cwd, name), text)
    return cwd
  }
  const trust = async (cwd: string, env = {}) =>
    expect((await run(['--devcontainer', 'trust', '--yes'], { cwd, env })).stdout).toContain('devcontainer.json')
  const ask = async (cwd: string, script: string, env = {}) => {
    const outcome = await run(['--devcontainer', FREE, '-p', script], { cwd, env })
    built.push(...[...outcome.stderr.matchAll(/image (localhost\/paude\/devcontainer:\w+)/g)].map(([, name = '']) => name))
    return outcome
  }

  test.concurrent('gives the sandbox the image of its Dockerfile and runs its commands behind the wall, before the agent', async () => {
    const cwd = projectWith(
      {
        build: { dockerfile: 'Dockerfile', context: '..', target: 'dev', args: { GREETING: 'hello' } },
        remoteEnv: { PATH: '${containerEnv:PATH}:/opt/tools', COLOUR: 'blue' },
        remoteUser: 'vscode',
        postCreateCommand: {
          file: 'cat /greeting >made; id -u >>made; echo "$COLOUR ${PATH##*:}" >>made; echo said on stdout',
          way: ['sh', '-c', 'curl -sS -o /dev/null -w "%{http_code}" http://example.com/ >way; echo >>way'],
        },
        postStartCommand: 'test -s made && cd /workspaces/* && pwd -P >>started && pwd >>started',
        waitFor: 'postStartCommand',
      },
      {
        'words.txt': 'from the context\n',
        '.devcontainer/Dockerfile': `FROM ${base} AS dev\nARG GREETING\nCOPY words.txt /words\nRUN echo "$GREETING $(cat /words)" >/greeting && useradd --create-home vscode\nUSER vscode\nFROM scratch\n`,
      },
    )
    await trust(cwd)
    const first = await ask(
      cwd,
      'BASH cat /greeting; echo "$COLOUR $(printenv PATH)" >agent; echo x >.devcontainer/Dockerfile || touch kept;;SAY done',
    )
    expect([first.code, first.stdout]).toEqual([0, 'done\n'])
    expect(first.stderr).toContain(': ignored: remoteUser (the sandbox runs as you)')
    expect(first.stderr).toContain('said on stdout\n')
    expect(readFileSync(join(cwd, 'made'), 'utf8')).toBe(`hello from the context\n${process.getuid?.()}\nblue /opt/tools\n`)
    expect(readFileSync(join(cwd, 'way'), 'utf8')).toBe('403\n')
    expect(readFileSync(join(cwd, 'started'), 'utf8')).toBe(`${cwd}\n/workspaces/${cwd.split('/').at(-1)}\n`)
    expect(readFileSync(join(cwd, '.devcontainer/Dockerfile'), 'utf8')).toStartWith('FROM localhost/')
    expect(existsSync(join(cwd, 'kept'))).toBe(true)
    expect(readFileSync(join(cwd, 'agent'), 'utf8')).toMatch(/^blue \/.*:\/opt\/tools\b/)
    rmSync(join(cwd, 'made'))
    const second = await ask(cwd, 'BASH touch made; echo evil >words.txt;;SAY again')
    expect([second.code, second.stdout, second.stderr.includes('building image')]).toEqual([0, 'again\n', false])
    expect(second.stderr).toContain('postCreateCommand: done before in this project')
    expect(second.stderr).not.toContain(': ignored: ')
    expect(readFileSync(join(cwd, 'made'), 'utf8')).toBe('')
    // What the agent left would be run by the next build, which no wall is around.
    expect(readFileSync(join(cwd, 'words.txt'), 'utf8')).toBe('evil\n')
    const third = await run(['--devcontainer', '--pull', 'always', '-p', 'SAY hi'], { cwd })
    expect([third.code, third.stdout]).toEqual([125, ''])
    expect(third.stderr).toContain(`${cwd} has changed since you approved it`)
  })

  test.concurrent('builds from what was trusted, whatever a sandbox puts in its place once that is checked', async () => {
    const cwd = projectWith(
      { build: { dockerfile: 'Dockerfile', context: '../app' } },
      {
        'app/words': 'trusted\n',
        'app/left-out': 'no',
        'app/.dockerignore': 'left-out\n',
        '.devcontainer/Dockerfile': `FROM ${base}\nCOPY . /ctx/\nRUN chmod -R a+rX /ctx\n`,
      },
    )
    const secrets = join(root, `secrets-${backend}`)
    put(join(secrets, 'words'), 'TOP SECRET of the host\n')
    // The engine's client swaps the folder in the very moment in which it is to read it.
    const bin = join(root, `swap-${backend}`)
    const swap = `mv ${cwd}/app ${cwd}/app.real && ln -s ${secrets} ${cwd}/app`
    put(join(bin, backend), `#!/bin/sh\ncase $1 in build) ${swap};; esac\nexec ${Bun.which(backend)} "$@"\n`)
    chmodSync(join(bin, backend), 0o755)
    await trust(cwd)
    const cache = join(root, `cache-${backend}`)
    const env = { PATH: `${bin}:${process.env['PATH']}`, XDG_CACHE_HOME: cache }
    const { code, stdout, stderr } = await ask(cwd, 'BASH cat /ctx/* >seen; ls -A /ctx >>seen;;SAY hi', env)
    expect([code, stdout, stderr.includes('building image')]).toEqual([0, 'hi\n', true])
    expect(existsSync(join(cwd, 'app.real'))).toBe(true)
    expect(readFileSync(join(cwd, 'seen'), 'utf8')).toBe('trusted\n.dockerignore\nwords\n')
    expect(readdirSync(join(cache, 'paude')).filter((name) => name.startsWith('devcontainer-'))).toEqual([])
  })

  test.concurrent('does nothing unless it is wanted and trusted', async () => {
    const files = { '.devcontainer/Dockerfile': `FROM ${base}\nRUN true\n` }
    const cwd = projectWith({ build: { dockerfile: 'Dockerfile' }, postCreateCommand: 'touch made' }, files)
    expect(await run(['-p', 'SAY hi'], { cwd })).toMatchObject({ code: 0, stdout: 'hi\n' })
    const refused = await ask(cwd, 'SAY hi')
    expect([refused.code, refused.stdout]).toEqual([125, ''])
    const [name = ''] = /localhost\/paude\/devcontainer:\w+/.exec(refused.stderr) ?? []
    expect(refused.stderr).toContain('is not trusted')
    expect((await engine(backend, ['image', 'inspect', name])).code).not.toBe(0)
    expect(existsSync(join(cwd, 'made'))).toBe(false)
  })

  test.concurrent('that opens the sandbox starts without what opens it, which is named', async () => {
    const cwd = projectWith({
      image: base,
      containerEnv: { A: '1' },
      runArgs: ['--privileged', '--network=host', '--cap-add=SYS_ADMIN'],
      mounts: ['type=bind,source=/var/run/docker.sock,target=/docker.sock'],
    })
    await trust(cwd)
    const script = 'BASH grep -i ^Cap /proc/self/status >seen; ls / >>seen; cat /proc/net/dev >>seen;;SAY hi'
    const { code, stdout, stderr } = await ask(cwd, script)
    expect([code, stdout]).toEqual([0, 'hi\n'])
    for (const what of [
      '--privileged (it removes',
      '--network=host (it bypasses',
      '--cap-add=SYS_ADMIN (it gives',
      'mounts[0] (/var/run/docker.sock',
    ])
      expect(stderr).toContain(what)
    const seen = readFileSync(join(cwd, 'seen'), 'utf8')
    expect(seen).toMatch(/CapEff:\s0+\nCapBnd:\s0+\n/)
    expect(seen).not.toContain('docker.sock')
    expect(seen).not.toContain('eth0')
  })

  test.concurrent('gets a variable of the caller when its name was trusted, and its value is seen in the sandbox alone', async () => {
    const value = `real-${crypto.randomUUID()}`
    const env = { AWS_SECRET_ACCESS_KEY: value }
    const cwd = projectWith({
      image: base,
      containerEnv: { MINE: '${localEnv:AWS_SECRET_ACCESS_KEY}', URL: 'https://${localEnv:AWS_SECRET_ACCESS_KEY}@x' },
      postStartCommand: 'echo "$MINE $URL" >seen',
      waitFor: 'postStartCommand',
    })
    const refused = await ask(cwd, 'SAY hi', env)
    expect(refused.stderr).toContain('env = MINE = env:AWS_SECRET_ACCESS_KEY')
    await trust(cwd, env)
    const { code, stdout, stderr } = await ask(cwd, 'SAY hi', env)
    expect([code, stdout]).toEqual([0, 'hi\n'])
    expect(readFileSync(join(cwd, 'seen'), 'utf8')).toBe(`${value} https://${value}@x\n`)
    expect(refused.stderr + stderr).not.toContain(value)
  })

  test.concurrent('whose command fails is told so and lets the agent come, or ends the start where the project wants it', async () => {
    const cwd = projectWith({ image: base, postCreateCommand: 'echo broken; exit 3', postStartCommand: 'touch never' })
    await trust(cwd)
    const { code, stdout, stderr } = await ask(cwd, 'SAY hi')
    expect([code, stdout]).toEqual([0, 'hi\n'])
    expect(stderr).toContain(
      'broken\npaude: postCreateCommand ended with exit code 3, so the commands after it were not run; the agent starts anyway',
    )
    // Closing needs nobody's word.
    put(join(cwd, 'paude.toml'), 'devcontainer_failure = "end"\n')
    const ended = await ask(cwd, 'SAY hi')
    expect([ended.code, ended.stdout]).toEqual([125, ''])
    expect(ended.stderr).toContain('broken\npaude: postCreateCommand ended with exit code 3\n')
    expect(existsSync(join(cwd, 'never'))).toBe(false)
    await expectGone(backend, (part) => part.includes(cwd))
  })

  test.concurrent('whose command at each start does not end runs it beside the agent', async () => {
    const cwd = projectWith({ image: base, postStartCommand: 'echo serving; touch serving; sleep 1000' })
    await trust(cwd)
    const script = 'BASH until [ -e serving ]; do sleep 0.1; done; cat /tmp/devcontainer.log >log;;SAY hi'
    const { code, stdout, stderr } = await ask(cwd, script)
    expect([code, stdout]).toEqual([0, 'hi\n'])
    expect(stderr).toContain('postStartCommand in the background, output in /tmp/devcontainer.log')
    expect(readFileSync(join(cwd, 'log'), 'utf8')).toBe('paude: postStartCommand\nserving\n')
  })

  test.concurrent('has commands for the first start of a session and for each', async () => {
    const cwd = projectWith({ image: base, postCreateCommand: 'echo create >>made', postStartCommand: 'echo start >>made' })
    await trust(cwd)
    const made = () => lines(existsSync(join(cwd, 'made')) ? readFileSync(join(cwd, 'made'), 'utf8') : '')
    const begun = await run(['--devcontainer', '--detach'], { cwd })
    const id = begun.stdout.trim()
    await poll('both ran', () => made().length === 2)
    await run(['stop', id], { cwd })
    await run(['start', id], { cwd })
    await poll('one ran again', () => made().length === 3)
    expect(made()).toEqual(['create', 'start', 'start'])
    expect((await run(['rm', '--force', id], { cwd })).code).toBe(0)
  })

  test.concurrent('gets its features from a registry and from the project, each installed with its options', async () => {
    const install = '#!/bin/sh\necho "$_REMOTE_USER $VERSION $ADDED" >>/feature\n'
    const about = {
      id: 'go',
      version: '1.0.0',
      options: { added: { type: 'string', default: 'as usual' } },
      containerEnv: { FROM_FEATURE: 'yes' },
    }
    const registry = publish({
      'f/go:1': { files: { './install.sh': install, './devcontainer-feature.json': JSON.stringify(about) } },
    })
    const privileged = 'f/docker-in-docker:2'
    const cwd = projectWith(
      {
        image: base,
        features: { [`${registry.host}/f/go:1`]: { version: '1.24' }, './mine': {}, [`${registry.host}/${privileged}`]: {} },
      },
      {
        '.devcontainer/mine/install.sh': install,
        '.devcontainer/mine/devcontainer-feature.json': '{"id":"mine","version":"1.0.0"}',
      },
    )
    await trust(cwd)
    const { code, stdout, stderr } = await ask(cwd, 'BASH cat /feature >seen; echo "$FROM_FEATURE" >>seen;;SAY hi')
    registry.stop()
    expect([code, stdout]).toEqual([0, 'hi\n'])
    expect(readFileSync(join(cwd, 'seen'), 'utf8')).toBe('root 1.24 as usual\nroot  \nyes\n')
    expect(stderr).toContain(`${privileged} (it needs privileges that a sandbox does not have)`)
    // What is built is there: no registry is asked again.
    expect((await ask(cwd, 'SAY again')).stdout).toBe('again\n')
    put(join(cwd, '.devcontainer/mine/install.sh'), '#!/bin/sh\ntouch /evil\n')
    const changed = await run(['--devcontainer', '--pull', 'always', '-p', 'SAY hi'], { cwd })
    expect([changed.code, changed.stdout]).toEqual([125, ''])
    expect(changed.stderr).toContain(' has changed since you approved it')
  })

  test.concurrent('of several containers starts the one that it names', async () => {
    const cwd = projectWith(
      { dockerComposeFile: 'compose.yml', service: 'app', postCreateCommand: 'echo "$WHICH" >made' },
      {
        '.devcontainer/compose.yml':
          'services:\n  app:\n    build: {context: ., args: {WORD: built}}\n    environment: {WHICH: app}\n    depends_on: [db]\n  db:\n    image: postgres\n',
        '.devcontainer/Dockerfile': `FROM ${base}\nARG WORD\nRUN echo "$WORD" >/word\n`,
      },
    )
    await trust(cwd)
    const { code, stdout, stderr } = await ask(cwd, 'BASH cat /word >>made;;SAY hi')
    expect([code, stdout]).toEqual([0, 'hi\n'])
    expect(stderr).toContain('compose services db (a sandbox is one container)')
    expect(readFileSync(join(cwd, 'made'), 'utf8')).toBe('app\nbuilt\n')
  })
})
