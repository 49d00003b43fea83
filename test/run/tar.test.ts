import { afterAll, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { gather } from '../../src/run/tar/gather.ts'
import { layItems } from '../../src/run/tar/lay.ts'
import { type LeftOut, receive, staysInside } from '../../src/run/tar/receive.ts'
import { packed } from '../../src/run/tar/write.ts'
import { archive } from '../support/registry.ts'

const room = realpathSync(mkdtempSync(join(tmpdir(), 'paude-tar-')))
afterAll(() => rmSync(room, { recursive: true, force: true }))

class Fault extends Error {}
const fault = (what: string) => new Fault(what)
const owner = { uid: 1, gid: 2 }

let rooms = 0
function fresh(): string {
  const folder = join(room, String(++rooms))
  mkdirSync(folder)
  return folder
}

async function* cut(bytes: Uint8Array, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** Takes an archive out and makes it in a folder, as `paude cp` does. */
async function unpack(bytes: Uint8Array, { rooted = true, force = false, parent = fresh(), name = 'copy' } = {}) {
  const spool = openSync(join(fresh(), 'spool'), 'wx+')
  try {
    const received = await receive(cut(bytes), { spool, rooted, fault })
    layItems({ items: received.items, spool, parent, name, force, fault })
    return { at: join(parent, name), leftOut: received.leftOut }
  } finally {
    closeSync(spool)
  }
}

const gathered = (source: string, name: string, told: LeftOut[] = []) =>
  Buffer.concat([...gather({ source, name, owner, fault, told })])

describe('what comes out of a sandbox', () => {
  test('is made with its folders, contents, links and permissions', async () => {
    const { at, leftOut } = await unpack(
      archive([
        { path: './x/', type: '5' },
        { path: './x/a/b', text: 'content' },
        { path: './x/link', type: '2', link: 'a/b' },
        { path: './x/a/up', type: '2', link: '../link' },
        { path: './x/twin', type: '1', link: './x/a/b' },
        { path: `./x/${'deep/'.repeat(30)}file`, text: 'far' },
      ]),
    )
    expect(leftOut).toEqual([])
    expect(readFileSync(join(at, 'a/b'), 'utf8')).toBe('content')
    expect(readlinkSync(join(at, 'link'))).toBe('a/b')
    expect(readFileSync(join(at, 'a/up'), 'utf8')).toBe('content')
    expect(readFileSync(join(at, 'twin'), 'utf8')).toBe('content')
    expect(statSync(join(at, 'twin')).nlink).toBe(1)
    expect(readFileSync(join(at, 'deep/'.repeat(30), 'file'), 'utf8')).toBe('far')
  })

  test('may be one file, whose name is that of the copy', async () => {
    const { at } = await unpack(archive([{ path: './evil-name', text: 'one' }]), { name: 'mine' })
    expect(readFileSync(at, 'utf8')).toBe('one')
    expect(readdirSync(join(at, '..'))).toEqual(['mine'])
  })

  test.each([
    [{ path: 'x/../../y', text: 'evil' }, 'outside its own folder'],
    [{ path: '/etc/profile', text: 'evil' }, 'outside its own folder'],
    [{ path: 'other', text: 'evil' }, 'more than one thing: other'],
    [{ path: 'x/a\u001b[2J', text: 'evil' }, 'control characters'],
    [{ path: 'x/first/below', text: 'evil' }, 'a file and a folder of the same name'],
    [{ path: 'x/first', type: '2', link: '.' }, 'twice'],
  ] as const)('that holds %j is refused whole', async (entry, message) => {
    const parent = fresh()
    await expect(unpack(archive([{ path: 'x/first', text: 'x' }, entry]), { parent })).rejects.toThrow(message)
    expect(readdirSync(parent)).toEqual([])
  })

  test.each([
    [{ path: 'x/l', type: '2', link: '/etc/passwd' }, 'leads out'],
    [{ path: 'x/l', type: '2', link: '../../y' }, 'leads out'],
    [{ path: 'x/l', type: '2', link: '..' }, 'leads out'],
    [{ path: 'x/l', type: '2', link: 'd/../..' }, 'leads out'],
    [{ path: 'x/l', type: '1', link: '/etc/passwd' }, 'second name'],
    [{ path: 'x/l', type: '1', link: 'x/never' }, 'second name'],
    [{ path: 'x/l', type: '3' }, 'device'],
    [{ path: 'x/l', type: '4' }, 'device'],
    [{ path: 'x/l', type: '6' }, 'device'],
  ] as const)('leaves %j out and says so', async (entry, why) => {
    const { at, leftOut } = await unpack(archive([{ path: 'x/first', text: 'x' }, entry]))
    expect(readdirSync(at)).toEqual(['first'])
    expect(leftOut).toEqual([{ path: 'l', why: expect.stringContaining(why) }])
  })

  test('counts each second name of a file as the file that it becomes', async () => {
    const first = { path: 'x/first', text: 'a'.repeat(4 * 1024 ** 2) }
    const names = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ path: `x/${at}`, type: '1', link: 'x/first' }) as const)
    const spool = openSync(join(fresh(), 'spool'), 'wx+')
    const take = (count: number) => receive(cut(archive([first, ...names(count)]), 65536), { spool, rooted: true, fault })
    await expect(take(1024)).rejects.toThrow('second names')
    expect((await take(1000)).items).toHaveLength(1001)
    closeSync(spool)
  })

  test('has no setuid bit here, and says that it had one', async () => {
    const bytes = archive([{ path: 'x', text: '#!' }])
    bytes.write('0006755\0', 100)
    bytes.fill(' ', 148, 156)
    bytes.write(
      `${bytes
        .subarray(0, 512)
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    )
    const { at, leftOut } = await unpack(bytes)
    expect(statSync(at).mode & 0o7000).toBe(0)
    expect(statSync(at).mode & 0o100).toBe(0o100)
    expect(leftOut).toEqual([{ path: '', why: 'its setuid bit' }])
  })

  test('that ends early is refused before anything is made', async () => {
    const parent = fresh()
    await expect(unpack(archive([{ path: 'x', text: 'y'.repeat(5000) }]).subarray(0, 2000), { parent })).rejects.toThrow('broken')
    expect(readdirSync(parent)).toEqual([])
  })

  test('that claims to be larger than is copied is refused before it comes', async () => {
    const bytes = archive([{ path: 'x', text: '' }])
    bytes.write('77777777777\0', 124)
    bytes.fill(' ', 148, 156)
    bytes.write(
      `${bytes
        .subarray(0, 512)
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    )
    await expect(unpack(bytes)).rejects.toThrow('more than 4096 MiB')
  })

  test('takes away nothing but files and links, with force either', async () => {
    const parent = fresh()
    mkdirSync(join(parent, 'copy'))
    const pipe = join(parent, 'copy/c')
    Bun.spawnSync(['mkfifo', pipe])
    const unpacked = unpack(archive([{ path: 'x/c', text: 'theirs' }]), { parent, force: true })
    await expect(unpacked).rejects.toThrow('is already there')
    expect(lstatSync(pipe).isFIFO()).toBe(true)
  })

  test('writes over nothing that is there, and with force replaces files and fills folders up', async () => {
    const parent = fresh()
    mkdirSync(join(parent, 'copy/a'), { recursive: true })
    writeFileSync(join(parent, 'copy/a/b'), 'mine')
    writeFileSync(join(parent, 'copy/kept'), 'mine')
    const bytes = archive([{ path: 'x/a/b', text: 'theirs' }])
    await expect(unpack(bytes, { parent })).rejects.toThrow('is already there')
    expect(readFileSync(join(parent, 'copy/a/b'), 'utf8')).toBe('mine')
    await unpack(bytes, { parent, force: true })
    expect(readFileSync(join(parent, 'copy/a/b'), 'utf8')).toBe('theirs')
    expect(readFileSync(join(parent, 'copy/kept'), 'utf8')).toBe('mine')
  })

  test('goes through no link that stands in its way, and replaces the link of a file', async () => {
    const parent = fresh()
    const elsewhere = fresh()
    writeFileSync(join(elsewhere, 'b'), 'mine')
    mkdirSync(join(parent, 'copy'))
    symlinkSync(elsewhere, join(parent, 'copy/a'))
    symlinkSync(join(elsewhere, 'b'), join(parent, 'copy/c'))
    await expect(unpack(archive([{ path: 'x/a/b', text: 'evil' }]), { parent, force: true })).rejects.toThrow('is already there')
    await unpack(archive([{ path: 'x/c', text: 'theirs' }]), { parent, force: true })
    expect(readFileSync(join(elsewhere, 'b'), 'utf8')).toBe('mine')
    expect(lstatSync(join(parent, 'copy/c')).isSymbolicLink()).toBe(false)
  })

  test('leaves a link only where it leads into the copy, however links lie in it', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'a/b', 'a/a'), target), { maxLength: 4 }), (links) => {
        const root = join(fresh(), 'r/root')
        for (const folder of ['a', 'b']) mkdirSync(join(root, folder, folder), { recursive: true })
        // An archive in which something lies below a link is refused whole.
        for (const [path, to] of links)
          if (staysInside(path, to) && isPlainFolder(dirname(join(root, path)))) {
            rmSync(join(root, path), { recursive: true, force: true })
            symlinkSync(to, join(root, path))
          }
        for (const [path] of links)
          if (existsSync(join(root, path))) expect(`${realpathSync(join(root, path))}/`).toStartWith(root)
      }),
      { numRuns: 300 },
    ))
  const isPlainFolder = (path: string) => existsSync(path) && realpathSync(path) === path
  const target = fc
    .array(fc.constantFrom('..', 'a', 'b', '.', ''), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join('/'))
})

describe('what goes into a sandbox', () => {
  test('is a tar stream that tar reads, with long names, and links as links', async () => {
    const source = fresh()
    const long = 'd'.repeat(90)
    mkdirSync(join(source, long, long), { recursive: true })
    writeFileSync(join(source, long, long, 'file'), 'x'.repeat(3_000_000))
    writeFileSync(join(source, 'run'), '#!')
    chmodSync(join(source, 'run'), 0o6755)
    symlinkSync('/etc/passwd', join(source, 'out'))
    symlinkSync(`${long}/${long}/file`, join(source, 'in'))
    const told: LeftOut[] = []
    const bytes = gathered(source, 'named', told)
    expect(told).toEqual([{ path: 'out', why: 'a link that leads elsewhere in the sandbox' }])
    const to = fresh()
    const tar = Bun.spawnSync(['tar', '-xof', '-', '-C', to], { stdin: bytes })
    expect(tar.stderr.toString()).toBe('')
    expect(statSync(join(to, 'named', long, long, 'file')).size).toBe(3_000_000)
    expect(readlinkSync(join(to, 'named/in'))).toBe(`${long}/${long}/file`)
    expect(readlinkSync(join(to, 'named/out'))).toBe('/etc/passwd')
    expect(statSync(join(to, 'named/run')).mode & 0o7777).toBe(0o755)
  })

  test('may be one file, by another name', () => {
    const source = join(fresh(), 'a')
    writeFileSync(source, 'text')
    const to = fresh()
    Bun.spawnSync(['tar', '-xf', '-', '-C', to], { stdin: gathered(source, 'b') })
    expect(readFileSync(join(to, 'b'), 'utf8')).toBe('text')
  })

  test('and comes out again is the same', async () => {
    const source = fresh()
    mkdirSync(join(source, 'a'))
    writeFileSync(join(source, 'a/ü'), 'x')
    linkSync(join(source, 'a/ü'), join(source, 'twin'))
    const spool = openSync(join(fresh(), 'spool'), 'wx+')
    const received = await receive(cut(gathered(source, 'n')), { spool, rooted: true, fault })
    const { at } = await unpack(Buffer.concat([...packed(received.items, spool, { under: 'again', owner })]))
    expect(readFileSync(join(at, 'a/ü'), 'utf8')).toBe('x')
    expect(readFileSync(join(at, 'twin'), 'utf8')).toBe('x')
  })

  test('reads no pipe and no socket', () => {
    const source = fresh()
    Bun.spawnSync(['mkfifo', join(source, 'pipe')])
    const told: LeftOut[] = []
    gathered(source, 'n', told)
    expect(told).toEqual([{ path: 'pipe', why: expect.stringContaining('left out') }])
  })
})
