import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { readHost } from '../../src/host.ts'
import { HOST_NAME } from '../../src/network/names.ts'
import {
  agentImage,
  type BackendName,
  containersOf,
  describeEach,
  engine,
  expectNothingLeft,
  home,
  inTurn,
  lines,
  makeProject,
  paude,
  poll,
  put,
  type RunOptions,
  root,
  runGit,
  serveApi,
  startPaude,
  stateHome,
} from './support.ts'

setDefaultTimeout(240_000) // ms: tests run side by side; the first start may have to build an image

const api = serveApi()
afterAll(() => api.stop())

const FREE = '--dangerously-skip-permissions'

/** Moments of a start at which it is interrupted. */
const MOMENTS = 24

describeEach('paude in place of claude', (backend) => {
  const options = ({ env, ...rest }: RunOptions = {}): RunOptions => ({
    ...rest,
    env: { ...api.env, PAUDE_BACKEND: backend, ...env },
  })
  const run = (words: readonly string[], given: RunOptions = {}) => inTurn(() => paude(words, options(given)))
  /** Runs a script of shell commands in a box and returns what each printed. */
  async function shell(commands: readonly string[], given: RunOptions = {}, own: readonly string[] = []) {
    const script = commands.map((command) => `BASH ${command}`).join(';;')
    const ran = await run([...own, '-p', `${script};;SAY end`, FREE, '--output-format', 'stream-json', '--verbose'], given)
    return { ...ran, results: toolResults(ran.stdout) }
  }

  test.concurrent('an answer is printed to stdout, and nothing else anywhere', async () =>
    expect(await run(['-p', 'SAY hello there'])).toEqual({ code: 0, stdout: 'hello there\n', stderr: '' }))

  test.concurrent('messages streamed in are answered one by one', async () => {
    const message = (text: string) => `${JSON.stringify({ type: 'user', message: { role: 'user', content: text } })}\n`
    const words = ['-p', '--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose']
    const running = startPaude(words, options({ stdin: { kind: 'open' } }))
    running.write(message('SAY first'))
    await poll('the first answer', () => running.stdout().includes('"result":"first"'), 60)
    running.write(message('SAY second'))
    await poll('the second answer', () => running.stdout().includes('"result":"second"'), 60)
    running.write(null)
    const { code, stderr } = await running.done
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test.concurrent('a prompt that begins with a dash, after --', async () => {
    const { stdout, code } = await run(['--', '-p', '--', '-- looks like a flag'])
    expect(code).toBe(0)
    expect(stdout).toContain('I do not understand: -- looks like a flag')
  })

  test.concurrent('a flag of paude after a prompt’s -- is not mentioned', async () => {
    const { code, stderr } = await run(['-p', '--', 'SAY x --memory=4g'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test.concurrent('a conversation is not continued in another project', async () => {
    const first = JSON.parse((await run(['-p', 'SAY one', '--output-format', 'json'])).stdout)
    const other = JSON.parse((await run(['-p', '-c', 'SAY two', '--output-format', 'json'])).stdout)
    expect([first.result, other.result]).toEqual(['one', 'two'])
    expect(other.session_id).not.toBe(first.session_id)
  })

  test.concurrent('what the agent writes belongs to the caller', async () => {
    const cwd = makeProject()
    const { code, stderr } = await run(['-p', 'WRITE new.txt hello;;BASH mkdir made && id -u;;SAY {result}', FREE], { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(readFileSync(join(cwd, 'new.txt'), 'utf8')).toBe('hello')
    const { uid, gid } = readHost()
    for (const name of ['new.txt', 'made']) expect(statSync(join(cwd, name))).toMatchObject({ uid, gid })
  })

  const user = otherUser(backend)
  test.concurrent.skipIf(user === null)('what the agent of an ordinary user writes belongs to that user', async () => {
    if (user === null) return
    const cwd = makeProject()
    Bun.spawnSync(['chown', '-R', `${user.uid}:${user.gid}`, cwd, join(cwd, '..')])
    for (const folder of [home, join(root, 'state')]) Bun.spawnSync(['mkdir', '-p', `${folder}/${user.name}`])
    for (const folder of [home, join(root, 'state')])
      Bun.spawnSync(['chown', `${user.uid}:${user.gid}`, `${folder}/${user.name}`])
    const env = {
      HOME: `${home}/${user.name}`,
      XDG_STATE_HOME: `${root}/state/${user.name}`,
      XDG_CACHE_HOME: `${home}/${user.name}/.cache`,
    }
    const ran = await run(['-p', 'WRITE new.txt hello;;BASH id -u; id -g; touch "$HOME/mine";;SAY {result}', FREE], {
      cwd,
      env,
      through: user.through,
    })
    expect(ran).toEqual({ code: 0, stdout: `${user.uid}\n${user.gid}\n`, stderr: '' })
    expect(statSync(join(cwd, 'new.txt'))).toMatchObject({ uid: user.uid, gid: user.gid })
  })

  test.concurrent('a commit bears the name and address of the repository', async () => {
    const cwd = makeProject()
    runGit(cwd, ['config', 'user.email', 'repository@example.test'])
    const { results } = await shell(
      ['echo x > x.txt && git add x.txt && git commit -qm "from the box" && git log -1 --format=%an,%ae,%cn'],
      {
        cwd,
      },
    )
    expect(results).toEqual(['Ada Test,repository@example.test,Ada Test'])
    expect(runGit(cwd, ['log', '-1', '--format=%s %ae'])).toBe('from the box repository@example.test')
    expect(runGit(cwd, ['status', '--porcelain'])).toBe('')
  })

  test.concurrent('a commit in a linked worktree lands in the repository', async () => {
    const cwd = makeProject()
    const tree = join(cwd, '../tree')
    runGit(cwd, ['worktree', 'add', '--quiet', '-b', 'side', tree])
    const { results } = await shell(
      ['echo x > x.txt && git add x.txt && git commit -qm side && git log -1 --format=%s:%ae', `ls ${cwd}/README.md`],
      {
        cwd: tree,
      },
    )
    expect(results[0]).toBe('side:ada@example.test')
    expect(results[1]).toContain('No such file')
    expect(runGit(cwd, ['log', '-1', '--format=%s', 'side'])).toBe('side')
  })

  test.concurrent('what the host acts on in the project cannot be changed from the sandbox', async () => {
    const cwd = makeProject()
    const files = [
      '.git/hooks/pre-commit',
      '.git/config',
      '.claude/settings.json',
      '.vscode/tasks.json',
      'paude.toml',
      'paude.json',
      '.mcp.json',
      '.envrc',
    ]
    for (const file of files)
      if (!existsSync(join(cwd, file))) put(join(cwd, file), file.endsWith('.toml') ? '# nothing\n' : '{}\n')
    const before = files.map((file) => readFileSync(join(cwd, file), 'utf8'))
    const { results } = await shell(
      [
        `for f in ${files.join(' ')}; do (echo evil >> $f) 2>/dev/null && echo wrote $f; rm -f $f 2>/dev/null; mv $f $f.old 2>/dev/null && echo moved $f; done; echo checked`,
        'mv .git .git2 2>&1; mv .claude c2 2>&1; mv .git/hooks .git/h2 2>&1; ln -sfn /tmp .claude/x 2>&1; git config core.pager evil 2>&1; echo checked',
      ],
      { cwd },
    )
    // git's configuration and the agent's are the box's own copies.
    expect(results[0]).toBe('wrote .git/config\nwrote .claude/settings.json\nwrote .mcp.json\nchecked')
    expect(results[1]).toContain('checked')
    expect(files.map((file) => readFileSync(join(cwd, file), 'utf8'))).toEqual(before)
    for (const name of ['.git2', 'c2', '.git/h2', '.claude/x']) expect(existsSync(join(cwd, name))).toBe(false)
  })

  test.concurrent('the rest of the machine is not there', async () => {
    const neighbour = put(join(root, 'projects/neighbour.txt'), 'private')
    const { results } = await shell([
      `cat ${neighbour}; ls ${home}/.gitconfig; ls -A / | tr '\\n' ' '`,
      'touch /usr/x /etc/x 2>&1; ls /var/run/docker.sock /run/podman 2>&1; cat /proc/1/cgroup >/dev/null; grep -c . /proc/mounts >/dev/null; grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status',
    ])
    expect(results[0]).toContain('No such file')
    expect(results[0]).not.toContain('private')
    expect(results[1]).toMatch(/touch: cannot touch '\/usr\/x': Read-only file system/)
    expect(results[1]).toMatch(/CapEff:\s+0000000000000000/)
    expect(results[1]).toMatch(/NoNewPrivs:\s+1/)
    expect(results[1]).not.toMatch(/^\/var\/run\/docker.sock$/m)
  })

  test.concurrent('no way out but the allowlist; every attempt is counted in one line', async () => {
    const direct = 'curl -sS -m 4 --noproxy "*"'
    const own = hostAddress()
    const { results, stderr, code } = await shell([
      'curl -sS -m 60 -o /dev/null https://example.org/ 2>&1; echo exit=$?',
      'curl -sS -m 60 -i http://example.net/ 2>&1; echo exit=$?',
      `${direct} https://example.org/ 2>&1; echo exit=$?`,
      `${direct} http://${own}:${api.port}/v1/models 2>&1; echo exit=$?; (exec 3<>/dev/tcp/${own}/${api.port}) 2>&1; echo exit=$?`,
      `${direct} http://169.254.169.254/latest/meta-data/ 2>&1; echo exit=$?; curl -sS -m 60 -o /dev/null -w "%{http_code}" http://169.254.169.254/ 2>&1`,
      'getent hosts example.org; echo exit=$?; (exec 3<>/dev/udp/1.1.1.1/53 && echo q >&3) 2>&1; echo exit=$?',
      `curl -sS -m 60 -o /dev/null -w "%{http_code}" http://${HOST_NAME}:1/ 2>&1; curl -sS -m 60 -o /dev/null -w " %{http_code}" http://${own}:${api.port}/ 2>&1; curl -sS -m 60 -o /dev/null -w " %{http_code}" http://localhost:3128/ 2>&1`,
      'ip -o addr 2>/dev/null | grep -v " lo " ; cat /proc/net/route | tail -n +2; ls /sys/class/net; echo end',
    ])
    expect(code).toBe(0)
    expect(results[0]).toMatch(/CONNECT tunnel failed, response 403|403 from proxy after CONNECT/)
    expect(results[1]).toContain('403 Forbidden')
    expect(results[1]).toContain('example.net')
    expect(results[1]).toMatch(/paude network allow example\.net:80 --session paude-[a-z0-9]{6}\s*$/m)
    for (const index of [2, 3, 4]) expect(results[index]).toMatch(/exit=(6|7|28)/)
    expect(results[3]?.match(/exit=0/)).toBeNull()
    expect(results[4]).toEndWith('403')
    expect(results[5]?.match(/exit=0/)).toBeNull()
    expect(results[6]?.split(' ').slice(0, 2)).toEqual(['403', '403'])
    expect(results[7]).toBe('lo\nend')
    expect(lines(stderr)).toEqual([
      expect.stringMatching(/^paude: blocked \d hosts, such as example\.org:443; to allow: paude --network-allow example\.org$/),
    ])
  })

  test.concurrent('one blocked host is named with the flag that allows it', async () => {
    const { stderr } = await shell(['curl -sS -m 60 https://only.example.org/'])
    expect(stderr).toBe('paude: blocked 1 host: only.example.org:443; to allow: paude --network-allow only.example.org\n')
  })

  test.concurrent('a listed host of this machine is reached, and no other port of it', async () => {
    const server = Bun.serve({ hostname: '0.0.0.0', port: 0, fetch: () => new Response('reached') })
    const { results } = await shell(
      [
        `curl -sS -m 60 http://${HOST_NAME}:${server.port}/`,
        `curl -sS -m 60 http://${HOST_NAME}:${(server.port ?? 1) - 1}/ | head -c 200`,
      ],
      {},
      [`--network-allow=${HOST_NAME}:${server.port}`],
    )
    await server.stop(true)
    expect(results[0]).toBe('reached')
    expect(results[1]).not.toContain('reached')
  })

  test.concurrent('a log of every decision, one JSON object a line', async () => {
    const cwd = makeProject()
    const script = 'BASH curl -sS -m 60 https://blocked.example.org/; curl -sS -m 60 http://plain.example.org:8080/x;;SAY over'
    const started = await run(['--detach', '-p', script, FREE], { cwd })
    const id = started.stdout.trim()
    expect(started).toMatchObject({ code: 0, stderr: '' })
    expect(id).toMatch(/^paude-[a-z0-9]{6}$/)
    await poll('the end of the detached agent', async () => (await paude(['logs', id])).stdout.includes('over'), 60)
    const { stdout, code, stderr } = await paude(['network', 'log', '--json', id])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const log = lines(stdout).map((line) => JSON.parse(line))
    for (const entry of log)
      expect(entry).toEqual({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        session: id,
        method: expect.any(String),
        host: expect.any(String),
        port: expect.any(Number),
        decision: expect.stringMatching(/^(allowed|blocked|failed)$/),
        rule: expect.any(String),
        bytes: expect.any(Number),
        revision: expect.stringMatching(/^[0-9a-f]{12}$/),
        program: expect.any(String),
      })
    // One number everywhere, also where a credential is put in.
    const kept = JSON.parse(readFileSync(join(stateHome, 'paude/sessions', id, 'session.json'), 'utf8')) as { revision: string }
    const rows = JSON.parse((await paude(['sessions', '--json'])).stdout) as { id: string; revision: string }[]
    expect(rows.find((row) => row.id === id)?.revision).toBe(kept.revision)
    expect(log.map(({ revision }) => revision)).toEqual(log.map(() => kept.revision))
    const said = log.map(({ method, host, port, decision, rule }) => `${method} ${host}:${port} ${decision} ${rule}`)
    expect(said).toContain('CONNECT blocked.example.org:443 blocked not on the allowlist')
    expect(said).toContain('GET plain.example.org:8080 blocked not on the allowlist')
    expect(said).toContain(`POST ${HOST_NAME}:${api.port} allowed ${HOST_NAME}`)
    const blocked = await paude(['network', 'log', '--blocked', '--json', id])
    expect(lines(blocked.stdout)).toHaveLength(said.filter((line) => line.includes(' blocked ')).length)
    expect(await paude(['rm', id])).toMatchObject({ code: 0 })
    expect(await containersOf(backend, id)).toEqual([])
  })

  test('an image of one’s own gets claude added, once', async () => {
    const image = `localhost/paude-e2e-${process.pid}:${backend}`
    const base = await agentImage(backend)
    const dockerfile = put(
      join(root, `own-${backend}/Dockerfile`),
      `FROM ${base}\nUSER 0\nRUN rm -f "$(command -v claude)" && touch /etc/own-image\n`,
    )
    const built = await engine(backend, ['build', '--quiet', `--tag=${image}`, join(dockerfile, '..')])
    expect(built.code, built.stderr).toBe(0)
    try {
      const first = await shell(['ls /etc/own-image; cd /tmp && echo works'], {}, ['--image', image])
      expect(first.code, first.stderr).toBe(0)
      expect(first.results[0]).toContain('/etc/own-image\nworks')
      const second = await run(['--image', image, '-p', 'SAY again'])
      expect(second).toEqual({ code: 0, stdout: 'again\n', stderr: '' })
      expect((await run(['run', '--image', image, '--', 'sh', '-c', 'command -v claude || echo none'])).stdout).toBe('none\n')
    } finally {
      const derived = await derivedImages(backend, image)
      await engine(backend, ['rmi', '--force', ...derived, image])
    }
  }, 300_000)

  test('Ctrl-C at any moment of a start leaves nothing behind', async () => {
    const begin = Date.now()
    await run(['-p', 'SAY usual'])
    const span = Date.now() - begin
    // From the first to the last of a start, at other places between them in each run: many runs on many engines see them all.
    const step = span / MOMENTS
    const moments = Array.from({ length: MOMENTS }, (_, index) => (index + Math.random()) * step)
    const codes: number[] = []
    // Two at a time, each with a project of its own: its HOME volume is in the making, too.
    const next = async (): Promise<void> => {
      const moment = moments.shift()
      if (moment === undefined) return
      const running = startPaude(['-p', 'SLEEP 60;;SAY late'], options())
      await Bun.sleep(moment)
      running.kill('SIGINT')
      const { code, stdout } = await running.done
      expect(stdout, `after ${moment} ms`).not.toContain('late')
      codes.push(code)
      return next()
    }
    await Promise.all([next(), next()])
    // Claude itself ends with 0 when it is interrupted, and paude's own first instants are the kernel's.
    expect(codes.filter((code) => ![0, 130, -1].includes(code))).toEqual([])
    expect(codes).toContain(130)
    await expectNothingLeft(backend)
  }, 600_000)
})

/** Images that were made here on top of another. */
async function derivedImages(backend: BackendName, base: string): Promise<readonly string[]> {
  const of = async (reference: string) =>
    (await engine(backend, ['image', 'inspect', '--format={{range .RootFS.Layers}}{{.}} {{end}}', reference])).stdout.trim()
  const listed = await engine(backend, ['images', '--filter=label=paude.image=claude', '--format={{.Repository}}:{{.Tag}}'])
  const layers = await of(base)
  const all = await Promise.all(
    lines(listed.stdout)
      .filter((name) => !name.includes('<none>'))
      .map(async (name) => ({ name, layers: await of(name) })),
  )
  return all.flatMap(({ name, layers: own }) => (layers !== '' && own.startsWith(`${layers} `) ? [name] : []))
}

/** Texts that tools returned, oldest first, from stream-json. */
function toolResults(stdout: string): readonly string[] {
  type Block = { readonly type: string; readonly content?: unknown }
  return lines(stdout)
    .map((line) => JSON.parse(line) as { type: string; message?: { content?: readonly Block[] | string } })
    .flatMap(({ type, message }) => (type === 'user' && Array.isArray(message?.content) ? message.content : []))
    .filter(({ type }) => type === 'tool_result')
    .map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content)))
}

function otherUser(backend: BackendName) {
  if (backend === 'podman') return null
  const id = (flag: string) => Bun.spawnSync(['id', flag, 'paude-test']).stdout.toString().trim()
  if (readHost().uid !== 0 || id('-u') === '') return null
  const { gid } = statSync('/var/run/docker.sock')
  const [uid, group] = [Number(id('-u')), Number(id('-g'))]
  return {
    name: 'paude-test',
    uid,
    gid: group,
    through: ['setpriv', `--reuid=${uid}`, `--regid=${group}`, `--groups=${gid}`, '--'],
  }
}

/** An address of this machine that is not loopback; loopback where it has no other. */
function hostAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}
