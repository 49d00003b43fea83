import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Api, binary, describeEach, engine, makeProject, paude, put, root, serveApi, start } from './support.ts'

setDefaultTimeout(240_000) // ms: tests run side by side

const FREE = '--dangerously-skip-permissions'

describeEach('provider', (backend) => {
  const api: Api = serveApi()
  afterAll(() => api.stop())

  /** A folder of configuration with a key file in it. */
  const configured = (name: string, text: (keyFile: string) => string) => {
    const folder = join(root, `config-${backend}-${name}`)
    const keyFile = join(folder, 'key')
    put(keyFile, `${api.key}\n`)
    chmodSync(keyFile, 0o600)
    put(join(folder, 'paude/config.toml'), text(keyFile))
    return { PAUDE_BACKEND: backend, XDG_CONFIG_HOME: folder, PAUDE_LOGIN_INSIDE: undefined }
  }
  const address = api.env.ANTHROPIC_BASE_URL
  const kinds: readonly (readonly [kind: string, line: (file: string) => string, header: string, value: string])[] = [
    ['file', (file) => `api_key = "file:${file}"`, 'x-api-key', api.key],
    ['program', (file) => `auth_token = { command = ["cat", "${file}"] }`, 'authorization', `Bearer ${api.key}`],
  ]

  test.each(kinds)(
    'a credential from a %s reaches the provider, and the box sees a placeholder',
    async (name, line, header, value) => {
      const env = configured(name, (file) => `[provider]\nbase_url = "${address}"\n${line(file)}\n`)
      const before = api.requests.length
      const script =
        'echo "$ANTHROPIC_BASE_URL"; (env; cat /proc/*/environ) 2>/dev/null | tr "\\0" "\\n" | sed -n "s/^ANTHROPIC_.*=\\(.*placeholder\\).*/\\1/p" | head -1'
      const needle = `(env; cat /proc/*/environ) 2>/dev/null | tr "\\0" "\\n" | grep -c -F -e "${api.key.slice(20, 30)}""${api.key.slice(30)}"`
      const { code, stdout, stderr } = await paude(['-p', `BASH ${script}; ${needle};;SAY {result}`, FREE], { env })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const [shown, placeholder, found] = stdout.split('\n')
      expect(shown).toBe(address)
      expect(placeholder).toMatch(/paude-placeholder$/)
      expect(found).toBe('0')
      const seen = api.requests.slice(before).filter(({ path }) => path.startsWith('/v1/messages'))
      expect(seen.length).toBeGreaterThan(0)
      for (const { headers, status } of seen) expect([status, headers[header]]).toEqual([200, value])
    },
  )

  test('a session that is started again asks the reference again', async () => {
    const env = configured('again', (file) => `[provider]\nbase_url = "${address}"\napi_key = "file:${file}"\n`)
    const cwd = makeProject()
    const id = (await paude(['--detach', '-p', 'SAY once', FREE], { env, cwd })).stdout.trim()
    try {
      expect((await paude(['wait', id, '--timeout', '60'], { env, cwd })).code).toBe(0)
      const before = api.requests.length
      const again = await paude(['start', id], { env, cwd })
      expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' })
      expect((await paude(['wait', id, '--timeout', '60'], { env, cwd })).code).toBe(0)
      expect((await paude(['output', id], { env, cwd })).stdout).toBe('once\n')
      expect(api.requests.slice(before).map(({ status }) => status)).toContain(200)
      expect((await engine(backend, ['inspect', id])).stdout).not.toContain(api.key)
    } finally {
      await paude(['rm', '--force', id], { env, cwd })
    }
  })

  test('where no engine is in PATH, the claude of the machine runs only when that was said', async () => {
    const bin = join(root, `bin-${backend}`)
    put(join(bin, 'claude'), '#!/bin/sh\necho "here: $*"; echo > ran; exit 9\n')
    chmodSync(join(bin, 'claude'), 0o755)
    const cwd = makeProject()
    const run = (env: Record<string, string>, ...words: string[]) =>
      start([binary, ...words], { env: { PATH: bin, ...env }, cwd }).done
    expect(await run({}, '-p', 'x')).toMatchObject({ code: 125, stdout: '' })
    expect(await run({ PAUDE_FALLBACK: 'host' }, '--network=none', '-p', 'x')).toMatchObject({ code: 125, stdout: '' })
    expect(existsSync(join(cwd, 'ran'))).toBe(false)
    const { code, stdout, stderr } = await run({ PAUDE_FALLBACK: 'host' }, '-p', 'x y')
    expect([code, stdout]).toEqual([9, 'here: -p x y\n'])
    expect(stderr).toMatch(/^paude: warning: NOT ISOLATED: no container engine was found: .*\n$/)
  })
})
