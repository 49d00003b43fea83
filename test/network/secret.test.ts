import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proxyContext } from '../../src/image/embedded.ts'

/** What the proxy makes of the lines it is told, for these lines of its policy. */
async function told(inject: string, stdin: string): Promise<{ readonly code: number; readonly conf: string }> {
  const root = mkdtempSync(join(tmpdir(), 'paude-secret-'))
  for (const folder of ['policy', 'run']) mkdirSync(join(root, folder))
  writeFileSync(join(root, 'policy/inject'), inject)
  const script = proxyContext['secret']?.replaceAll('/paude/policy', `${root}/policy`).replaceAll('/run/', `${root}/run/`) ?? ''
  const child = Bun.spawn(['bash', '-c', script], { stdin: Buffer.from(stdin), stderr: 'ignore', stdout: 'ignore' })
  const conf = join(root, 'run/inject.conf')
  return { code: await child.exited, conf: existsSync(conf) ? readFileSync(conf, 'utf8') : '' }
}

const TWO = 'https X-Api-Key\nhttps Authorization Bearer\n'

test.each([
  ['one', 'https X-Api-Key\n', 'key-1', 'request_header_add X-Api-Key "key-1" inject\n'],
  ['a bearer', 'http Authorization Bearer\n', 'key-1\n', 'request_header_add Authorization "Bearer key-1" inject\n'],
  [
    'two',
    TWO,
    'key-1\nkey-2',
    'request_header_add X-Api-Key "key-1" inject\nrequest_header_add Authorization "Bearer key-2" inject2\n',
  ],
  ['two, and a login', TWO, 'key-1\nkey-2\nname:word\n', expect.stringMatching(/"key-1" inject\n.*"Bearer key-2" inject2\n$/)],
])('each credential goes to its own provider: %s', async (_name, inject, stdin, conf) =>
  expect(await told(inject, stdin)).toEqual({ code: 0, conf }),
)

test.each([
  ['one that is missing', TWO, 'key-1\n'],
  ['one that would be configuration', TWO, 'key-1\nkey"2\n'],
  ['none', TWO, ''],
])('%s leaves all of them out', async (_name, inject, stdin) => expect(await told(inject, stdin)).toEqual({ code: 1, conf: '' }))
