import { afterAll, beforeAll, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { HOST_NAME } from '../../src/network/names.ts'
import { type Api, binary, describeEach, makeProject, paude, poll, put, type RunOptions, root, serveApi } from './support.ts'
import { makeTerminals } from './terminal.ts'

/** A picture of one dot. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** An API that also keeps what it was asked. */
function listening(api: Api) {
  const bodies: string[] = []
  const door = Bun.serve({
    hostname: '0.0.0.0',
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      const body = await request.text()
      bodies.push(body)
      const headers = new Headers(request.headers)
      headers.delete('host')
      return fetch(api.url + pathname + search, { method: request.method, headers, ...(body === '' ? {} : { body }) })
    },
  })
  return {
    env: { ...api.env, ANTHROPIC_BASE_URL: `http://${HOST_NAME}:${door.port}` },
    /** Pictures in the longest conversation so far. */
    pictures: () => Math.max(0, ...bodies.map((body) => body.split('"type":"image"').length - 1)),
    heard: (text: string) => bodies.some((body) => body.includes(text)),
    stop: () => door.stop(true),
  }
}

describeEach('files', (backend) => {
  let api: Api
  let door: ReturnType<typeof listening>
  let id = ''
  const project = makeProject()
  const outside = makeProject({ name: 'outside', git: false })
  const run = (words: readonly string[], options: RunOptions = {}) =>
    paude(words, { cwd: outside, ...options, env: { ...door.env, PAUDE_BACKEND: backend, ...options.env } })
  const inBox = async (script: string) => {
    const { code, stdout, stderr } = await run(['exec', id, '--', 'sh', '-c', script])
    expect(code, stderr).toBe(0)
    return stdout
  }
  beforeAll(async () => {
    api = serveApi()
    door = listening(api)
    const { code, stdout, stderr } = await run(['--detach'], { cwd: project })
    expect(code, stderr).toBe(0)
    id = stdout.trim()
  }, 300_000)
  afterAll(async () => {
    await run(['rm', '--force', '--volumes', id])
    await door.stop()
    await api.stop()
  }, 180_000)

  test('a folder goes into a running session and comes out as it was, links and permissions too', async () => {
    put(join(outside, 'data/a/ü file'), 'x'.repeat(200_000))
    chmodSync(put(join(outside, 'data/run'), '#!/bin/sh\n'), 0o755)
    symlinkSync('a', join(outside, 'data/near'))
    symlinkSync('/etc/passwd', join(outside, 'data/far'))
    const into = await run(['cp', 'data', `${id}:/tmp`])
    expect(into.code, into.stderr).toBe(0)
    expect(into.stderr).toContain('a link that leads elsewhere in the sandbox: far')
    expect(await inBox('stat -c "%u %s" "/tmp/data/a/ü file"; readlink /tmp/data/near /tmp/data/far')).toBe(
      `${process.getuid?.()} 200000\na\n/etc/passwd\n`,
    )
    expect((await run(['cp', 'data', `${id}:/tmp`])).stderr).toContain('exists already')
    const out = await run(['cp', `${id}:/tmp/data`, 'back'])
    expect(out.code, out.stderr).toBe(0)
    expect(out.stderr).toContain('a link that leads out of it: far')
    expect(readFileSync(join(outside, 'back/a/ü file'), 'utf8')).toBe('x'.repeat(200_000))
    expect(statSync(join(outside, 'back/run')).mode & 0o7777).toBe(0o755)
    expect(lstatSync(join(outside, 'back/near')).isSymbolicLink()).toBe(true)
    expect(existsSync(join(outside, 'back/far'))).toBe(false)
    expect((await run(['cp', `${id}:/tmp/data`, 'back'])).code).toBe(0)
    expect((await run(['cp', `${id}:/tmp/data`, 'back'])).stderr).toContain('back/data exists already')
  })

  test('a stream goes both ways', async () => {
    const packed = Bun.spawnSync(['tar', '-cf', '-', '-C', outside, 'data/a']).stdout
    expect((await run(['cp', '-', `${id}:/tmp/streamed`], { stdin: packed })).code).toBe(0)
    expect(await inBox('ls /tmp/streamed/data/a')).toBe('ü file\n')
    const { code, stdout } = await run(['cp', `${id}:/tmp/streamed/data`, '-'])
    expect(code).toBe(0)
    expect(stdout.slice(0, 5)).toBe('data/')
  })

  test('Claude gets an image of this machine, sent or pasted, and cannot change what it got', async () => {
    const shot = join(outside, 'my shot.png')
    writeFileSync(shot, PNG)
    const sent = await run(['send', '--image', 'my shot.png', id, 'SAY I see it'])
    expect(sent.code, sent.stderr).toBe(0)
    expect(sent.stdout).toBe('/paude/uploads/1-my_shot.png\n')
    await poll('the image', () => door.pictures() === 1 && door.heard('SAY I see it'))
    expect(
      await inBox('stat -c "%a %u" /paude/uploads/1-my_shot.png; echo x 2>/dev/null >/paude/uploads/1-my_shot.png || echo kept'),
    ).toBe(`600 ${process.getuid?.()}\nkept\n`)
    const bin = join(root, 'clipboard')
    chmodSync(put(join(bin, 'wl-paste'), `#!/bin/sh\ncat '${shot}'\n`), 0o755)
    const display = { PATH: `${bin}:${process.env['PATH']}`, WAYLAND_DISPLAY: 'wayland-7' }
    expect((await run(['paste', id, 'SAY again'], { env: display })).stdout).toBe('/paude/uploads/2-clipboard.png\n')
    await poll('the second image', () => door.pictures() === 2 && door.heard('SAY again'))
    expect((await run(['paste', id])).stderr).toContain('no program here reads the clipboard')
    for (const [words, why] of [
      [['--image', put(join(outside, 'no.png'), 'text')], 'is not a PNG'],
      [['--file', join(project, 'way/file')], 'a link that leads out of a project'],
      [['--file', '/etc'], 'is not a file'],
    ] as const) {
      symlinkSync(outside, join(project, 'way'), 'dir')
      expect((await run(['send', ...words, id])).stderr).toContain(why)
      rmSync(join(project, 'way'))
    }
  }, 180_000)

  test('an image that is dropped on the terminal of a session reaches Claude, if that was set', async () => {
    const terminals = makeTerminals()
    const config = join(outside, 'config')
    put(join(config, 'paude/config.toml'), '[terminal]\ndrop_files = true\n')
    try {
      for (const drop of [true, false]) {
        const shot = join(outside, `dropped-${drop}.png`)
        writeFileSync(shot, PNG)
        const window = await terminals.open({
          cwd: project,
          env: { ...door.env, PAUDE_BACKEND: backend, ...(drop ? { XDG_CONFIG_HOME: config } : {}) },
        })
        await window.start(`${binary} attach ${id}`)
        await window.see('❯')
        await window.paste(`'${shot}'`)
        await window.see(drop ? '[Image #3]' : 'dropped-false')
        await window.enter(` SAY thanks for ${drop}`)
        await poll('the prompt', () => door.heard(`thanks for ${drop}`) && door.pictures() === 3)
        expect(door.heard(shot)).toBe(!drop)
        await window.close()
      }
    } finally {
      await terminals.stop()
    }
  }, 180_000)

  test('nothing of a sandbox lands where this machine acts on it, or through a link that the sandbox put there', async () => {
    await inBox(
      'mkdir -p /tmp/evil/.git/hooks /tmp/bare/objects /tmp/ide/.vscode; echo x >/tmp/evil/.git/hooks/pre-commit; echo x >/tmp/bare/HEAD; echo x >/tmp/bare/config; echo x >/tmp/ide/.vscode/tasks.json; echo x >/tmp/plain',
    )
    await inBox(
      `ln -s ${outside} "$PWD/way"; mkdir "$PWD/dir"; printf x >'/tmp/c'; mkdir /tmp/names; touch "/tmp/names/$(printf 'a\\033[2Jb')"`,
    )
    for (const [from, to, words, force] of [
      ['/tmp/evil', '.', 'because of .git: git obeys', 'because of .git: git obeys'],
      ['/tmp/plain', join(project, '.git/hooks/pre-commit'), 'because of .git: git obeys', 'because of .git: git obeys'],
      ['/tmp/bare', '.', 'git would take it for a repository', ''],
      ['/tmp/ide', '.', 'because of .vscode: VS Code runs tasks', ''],
      [
        '/tmp/plain',
        join(project, 'way/plain'),
        'is a link that leads out of a project',
        'is a link that leads out of a project',
      ],
      ['/tmp/names', '.', 'control characters', 'control characters'],
      ['/tmp/never', '.', 'nothing is at', 'nothing is at'],
      ['/', '.', 'cannot copy / itself', 'cannot copy / itself'],
    ] as const) {
      const before = readdirSync(outside)
      const { code, stderr } = await run(['cp', `${id}:${from}`, to])
      expect([code === 0, stderr]).toEqual([false, expect.stringContaining(words)])
      expect(readdirSync(outside)).toEqual(before)
      if (force !== '') expect((await run(['cp', '--force', `${id}:${from}`, to])).stderr).toContain(force)
    }
    expect(existsSync(join(project, '.git/hooks/pre-commit'))).toBe(false)
    expect((await run(['cp', '--force', `${id}:/tmp/ide`, '.'])).code).toBe(0)
  })

  test('what goes in ends where the agent may write, and over nothing that is there', async () => {
    const file = put(join(outside, 'file'), 'mine')
    for (const [to, words] of [
      ['/etc', 'the agent cannot write at'],
      ['/paude/seed', 'the agent cannot write at'],
      ['/tmp/plain', 'exists already'],
      ['/tmp/no/where', 'there is no folder for'],
    ] as const)
      expect((await run(['cp', file, `${id}:${to}`])).stderr).toContain(words)
    expect((await run(['cp', '--force', file, `${id}:/tmp/plain`])).code).toBe(0)
    expect(await inBox('cat /tmp/plain')).toBe('mine')
  })

  test('a stopped session gives files of its HOME, and a link in it leads to nothing of this machine', async () => {
    const secret = put(join(outside, 'secret'), 'of this machine')
    await inBox(`mkdir -p ~/kept; echo from the box >~/kept/note; ln -s /etc ~/kept/out; ln -s '${secret}' ~/kept/way`)
    expect((await run(['stop', '--grace=0', id])).code).toBe(0)
    const out = await run(['cp', `${id}:~/kept`, 'kept'])
    expect(out.code, out.stderr).toBe(0)
    expect(readdirSync(join(outside, 'kept'))).toEqual(['note'])
    expect((await run(['cp', `${id}:~/kept/way`, 'way'])).code).not.toBe(0)
    expect(existsSync(join(outside, 'way'))).toBe(false)
    expect((await run(['cp', 'file', `${id}:~/kept`])).stderr).toContain(`session ${id} does not run`)
  }, 180_000)
})
