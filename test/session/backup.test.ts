import { afterAll, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { claude } from '../../src/agents/claude/claude.ts'
import { filling, TAR_END, tarHeader } from '../../src/run/tar/write.ts'
import { placeIn } from '../../src/session/backup/places.ts'
import { readBackup } from '../../src/session/backup/read.ts'

const ID = '11111111-2222-3333-4444-555555555555'
const TO = '99999999-2222-3333-4444-555555555555'
const base = realpathSync(mkdtempSync(join(tmpdir(), 'paude-backup-')))
afterAll(() => rmSync(base, { recursive: true }))
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(base, 'one-'))
})

const kind = claude.conversation ?? expect.unreachable()
const place = (name: string) => placeIn(kind, name, { from: ID, to: TO, directory: '/home/ada/engine' })
const owner = { uid: 1000, gid: 1000 }
const sha256 = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest('hex')

const TRANSCRIPT = `home/.claude/projects/-home-eve-engine/${ID}.jsonl`
const fileOf = (name: string, text: string) => ({ name, size: Buffer.byteLength(text), sha256: sha256(text) })
const MANIFEST = {
  v: 1,
  version: '0.1.0',
  made: '2026-01-02T03:04:05.678Z',
  session: { id: 'paude-bcd234', name: '', agent: 'claude', workspace: '/home/eve/engine', mode: 'bind', conversation: ID },
  policy: { network: 'restricted', allow: ['api.example.org:443'], deny: [] },
  clone: null,
  files: [fileOf(TRANSCRIPT, 'a line\n')],
}

type Entry = {
  readonly path: string
  readonly text?: string
  readonly kind?: 'file' | 'folder' | 'link'
  readonly target?: string
}

/** A tar stream in chunks that are cut anywhere. */
async function* archive(entries: readonly Entry[], end = true) {
  const parts = entries.flatMap(({ path, text = '', kind: type = 'file', target = '' }) => {
    const size = Buffer.byteLength(text)
    const content = type === 'file' ? [Buffer.from(text), filling(size)] : []
    return [tarHeader({ path, kind: type, mode: 0o600, size, target }, owner), ...content]
  })
  const all = Buffer.concat([...parts, ...(end ? [TAR_END] : [])])
  for (let at = 0; at < all.length; at += 700) yield all.subarray(at, at + 700)
}

const manifest = (changes: object = {}): Entry => ({ path: 'manifest.json', text: JSON.stringify({ ...MANIFEST, ...changes }) })
const transcript: Entry = { path: TRANSCRIPT, text: 'a line\n' }
const read = (entries: readonly Entry[], end = true) => readBackup(archive(entries, end), { folder, owner, place })

test('a backup is read when each file is what its manifest says, and gets the place and id of its new session', async () => {
  const { manifest: found, home, bundle } = await read([manifest(), transcript])
  expect(found.session.conversation).toBe(ID)
  expect(home.names).toEqual([`.claude/projects/-home-ada-engine/${TO}.jsonl`])
  expect(readFileSync(home.file).toString()).toContain('a line\n')
  expect(bundle).toBe('')
})

test.each([
  ['home/.claude/settings.json', null],
  ['home/.claude.json', null],
  ['home/.claude/projects/-home-eve/../../settings.json', null],
  [`home/.claude/projects/../${ID}.jsonl`, null],
  [`home/.claude/projects/-x/${ID}/../../../settings.json`, null],
  [`home/.claude/projects/-x/${ID}/.hidden`, null],
  [`home/.claude/projects/-x/${ID}.jsonl/x`, `.claude/projects/-home-ada-engine/${TO}.jsonl/x`],
  ['home/.claude/projects/-x/22222222-2222-3333-4444-555555555555.jsonl', null],
  [`home/.claude/projects/-x/${ID}/subagents/agent-1.jsonl`, `.claude/projects/-home-ada-engine/${TO}/subagents/agent-1.jsonl`],
  [`home/.claude/file-history/${ID}/ab12@v1`, `.claude/file-history/${TO}/ab12@v1`],
  [`home/x/.claude/file-history/${ID}/a`, null],
  [`${TRANSCRIPT}\n`, null],
])('%j of a backup is meant at %j', (name, expected) => expect(place(name)).toBe(expected))

const two = [fileOf(TRANSCRIPT, 'a line\n'), fileOf(TRANSCRIPT, 'a line\n')]
const evil = fileOf('home/.claude/settings.json', '{}')
const bundle = fileOf('workspace.bundle', 'x')
const clone = { base: 'a'.repeat(40), branch: 'paude/x' }
test.each<[string, readonly Entry[], string]>([
  ['nothing', [], 'does not begin with a manifest'],
  ['a file before its manifest', [transcript, manifest()], 'does not begin with a manifest'],
  ['no JSON', [{ path: 'manifest.json', text: '{' }], 'not JSON'],
  ['another version', [manifest({ v: 2 }), transcript], 'another version'],
  ['a key that is none', [manifest({ settings: {} }), transcript], 'wrong at settings'],
  ['an agent that is none', [manifest({ session: { ...MANIFEST.session, agent: 'sh' } })], 'wrong at session.agent'],
  [
    'a name that a terminal acts on',
    [manifest({ session: { ...MANIFEST.session, name: '\u001b[2J' } })],
    'wrong at session.name',
  ],
  ['a file too few', [manifest()], 'ends before its last file'],
  ['a file too many', [manifest(), transcript, { path: 'more', text: 'x' }], 'not what its manifest names there'],
  ['a second manifest', [manifest(), manifest(), transcript], 'not what its manifest names there'],
  ['another content', [manifest(), { ...transcript, text: 'b line\n' }], 'is damaged'],
  ['another size', [manifest(), { ...transcript, text: 'longer than that\n' }], 'not what its manifest names there'],
  ['a link', [manifest(), { path: TRANSCRIPT, kind: 'link', target: '/etc/passwd' }], 'not a plain file'],
  ['a folder', [manifest(), { path: TRANSCRIPT, kind: 'folder' }], 'not a plain file'],
  ['a file twice', [manifest({ files: two }), transcript, transcript], 'names a file twice'],
  [
    'settings',
    [manifest({ files: [...MANIFEST.files, evil] }), transcript, { path: evil.name, text: '{}' }],
    'belongs to no conversation',
  ],
  ['a file elsewhere', [manifest({ files: [...MANIFEST.files, fileOf('../x', '')] }), transcript], 'does not fit its workspace'],
  ['a bundle without a clone', [manifest({ files: [...MANIFEST.files, bundle] }), transcript], 'does not fit its workspace'],
  ['a clone without a bundle', [manifest({ clone }), transcript], 'does not fit its workspace'],
  [
    'a branch that git would take for a flag',
    [manifest({ clone: { ...clone, branch: '--upload-pack=x' } })],
    'wrong at clone.branch',
  ],
  ['a commit that is none', [manifest({ clone: { ...clone, base: '-x' } })], 'wrong at clone.base'],
  [
    'a conversation by no id',
    [manifest({ session: { ...MANIFEST.session, conversation: '' } }), transcript],
    'fit its conversation',
  ],
])('a backup with %s is refused', async (_, entries, fault) => {
  await expect(read(entries)).rejects.toThrow(fault)
})

test('a backup that was cut off is refused', async () => {
  const chunks: Uint8Array[] = []
  for await (const chunk of archive([manifest(), transcript])) chunks.push(chunk)
  const cut = Buffer.concat(chunks).subarray(0, -1400)
  const stream = (async function* () {
    yield cut
  })()
  await expect(readBackup(stream, { folder, owner, place })).rejects.toThrow('broken archive')
})
