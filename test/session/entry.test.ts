import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import entry from '../../src/session/resolve/entry.sh' with { type: 'text' }

/** HOME after the first program of a box has run in it, with these lines of its list. */
function homeAfter(list: string, before: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'paude-entry-'))
  const [seed, home] = [join(root, 'seed'), join(root, 'home')]
  for (const folder of [seed, home]) mkdirSync(folder)
  for (const [name, text] of Object.entries({ 'home.list': list, 'one.json': 'new', 'command.sh': 'set -- true\n' }))
    writeFileSync(join(seed, name), text)
  for (const [name, text] of Object.entries(before)) writeFileSync(join(home, name), text)
  const script = entry.replaceAll('/paude/seed', seed).replaceAll('/paude/out', join(root, 'out'))
  expect(Bun.spawnSync(['sh', '-c', script], { env: { HOME: home, PATH: process.env['PATH'] } }).exitCode).toBe(0)
  return home
}

test('an agent finds its file in a HOME that is new', () => {
  expect(readFileSync(join(homeAfter('one.json .one.json\n'), '.one.json'), 'utf8')).toBe('new')
  expect(readFileSync(join(homeAfter('one.json .agent/one.json\n'), '.agent/one.json'), 'utf8')).toBe('new')
})

test('what is in HOME stays', () =>
  expect(readFileSync(join(homeAfter('one.json .one.json\n', { '.one.json': 'old' }), '.one.json'), 'utf8')).toBe('old'))

test('what a language fetches goes to HOME where the image has a place for it that cannot be written to', () => {
  const root = mkdtempSync(join(tmpdir(), 'paude-entry-'))
  for (const folder of ['seed', 'home', 'go', 'cargo', 'cargo/writable']) mkdirSync(join(root, folder))
  writeFileSync(join(root, 'seed/command.sh'), 'set -- sh -c \'echo "$CARGO_HOME $GOPATH ${PATH#"$BEFORE"}"\'\n')
  const script = entry.replaceAll('/paude/seed', join(root, 'seed')).replaceAll('/paude/out', join(root, 'out'))
  // The tests may run as root, who may write wherever a file system lets anybody.
  const asked = script.replace('[ -w "$given" ]', '[ -d "$given/writable" ]')
  const path = process.env['PATH'] ?? ''
  const seen = (more: Record<string, string>) =>
    Bun.spawnSync(['sh', '-c', asked], { env: { HOME: join(root, 'home'), PATH: path, BEFORE: path, ...more } }).stdout.toString()
  expect(seen({ CARGO_HOME: join(root, 'cargo'), GOPATH: join(root, 'go') })).toBe(
    `${root}/cargo ${root}/home/go :${root}/home/go/bin\n`,
  )
  // What is yet to be made, and what is not said, stays as it is.
  expect(seen({ CARGO_HOME: join(root, 'none') })).toBe(`${root}/none  \n`)
})

test('what the list misnames keeps nobody from starting', () =>
  expect(existsSync(join(homeAfter('two.json .two.json\n'), '.two.json'))).toBe(false))

test('an agent that is not there is told with what brings it', () => {
  const root = mkdtempSync(join(tmpdir(), 'paude-entry-'))
  for (const folder of ['seed', 'home']) mkdirSync(join(root, folder))
  writeFileSync(join(root, 'seed/home.list'), '')
  writeFileSync(join(root, 'seed/command.sh'), 'set -- no-such-program\n')
  const script = entry.replaceAll('/paude/seed', join(root, 'seed')).replaceAll('/paude/out', join(root, 'out'))
  const { exitCode, stderr } = Bun.spawnSync(['sh', '-c', script], {
    env: { HOME: join(root, 'home'), PATH: process.env['PATH'] },
  })
  expect([exitCode, stderr.toString()]).toEqual([
    127,
    'paude: no-such-program was not found in the sandbox\n  → paude init, or add its Debian package to image.packages\n',
  ])
})
