import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { $ } from 'zx'
import manifest from '../package.json' with { type: 'json' }
import lock from '../package-lock.json' with { type: 'json' }
import { build } from './build.ts'
import { signAdHoc } from './sign.ts'

/** First bytes of a program: ELF and Mach-O say what machine they are for. */
type Machine = { readonly magic: string; readonly at: number; readonly code: string }

const elf = (code: string): Machine => ({ magic: '7f454c46', at: 18, code })
const machO = (code: string): Machine => ({ magic: 'cffaedfe', at: 4, code })

const targets = [
  { name: 'linux-x64', runtime: '@oven/bun-linux-x64', machine: elf('3e00') },
  { name: 'linux-arm64', runtime: '@oven/bun-linux-aarch64', machine: elf('b700') },
  { name: 'darwin-x64', runtime: '@oven/bun-darwin-x64', machine: machO('07000001') },
  { name: 'darwin-arm64', runtime: '@oven/bun-darwin-aarch64', machine: machO('0c000001') },
] as const

const root = join(import.meta.dir, '..')
const out = join(root, 'dist/release')
const version = manifest.devDependencies.bun

/** dist/release/: one tarball a target, the same bytes for the same commit, and their SHA256SUMS. */
async function release(): Promise<void> {
  if (Bun.version !== version) throw new Error(`this is bun ${Bun.version}, package.json asks for ${version}`)
  await rm(out, { recursive: true, force: true })
  const sums: string[] = []
  for (const target of targets) {
    const start = performance.now()
    const folder = join(out, target.name)
    const program = join(folder, 'paude')
    await buildFor(target.name, program)
    if (target.name === 'darwin-x64') await signAdHoc(program)
    await checkMachine(program, target.machine)
    if (target.name === `${process.platform}-${process.arch}`) await checkVersion(program)
    const file = `paude-${manifest.version}-${target.name}.tar.gz`
    await pack(folder, join(out, file))
    sums.push(`${sha('sha256', await Bun.file(join(out, file)).bytes()).toString('hex')}  ${file}\n`)
    await rm(folder, { recursive: true })
    console.log(`${file}  ${((performance.now() - start) / 1000).toFixed(1)} s`)
  }
  await Bun.write(join(out, 'SHA256SUMS'), sums.join(''))
}

/** The program of one target, as it is released. */
export async function buildFor(name: (typeof targets)[number]['name'], program: string): Promise<void> {
  const [target] = targets.filter((one) => one.name === name)
  if (target === undefined) throw new Error(`no target is called ${name}`)
  await build(program, [`--target=bun-${name}`, `--compile-executable-path=${await fetchRuntime(target.runtime)}`])
}

/** The target's bun from the package registry, checked against the lock file; fetched once. */
async function fetchRuntime(name: (typeof targets)[number]['runtime']): Promise<string> {
  const folder = join(root, '.cache/bun', version, name)
  const program = join(folder, 'package/bin/bun')
  if (await Bun.file(program).exists()) return program
  await mkdir(folder, { recursive: true })
  const archive = join(folder, (await $({ cwd: folder, quiet: true })`npm pack --silent ${name}@${version}`).stdout.trim())
  const found = `sha512-${sha('sha512', await Bun.file(archive).bytes()).toString('base64')}`
  const expected = lock.packages[`node_modules/${name}`].integrity
  if (found !== expected) throw new Error(`${name}@${version} is not what the lock file names: ${found} instead of ${expected}`)
  await $({ cwd: folder, quiet: true })`tar -xzf ${archive}`
  await rm(archive)
  return program
}

/** Owner, order and times are fixed, so that anyone who builds the commit gets the same bytes. */
async function pack(folder: string, file: string): Promise<void> {
  const names = ['LICENSE', 'README.md', 'paude', 'paude.1']
  for (const file of ['LICENSE', 'README.md', 'docs/reference/paude.1'])
    await copyFile(join(root, file), join(folder, basename(file)))
  for (const name of names) await chmod(join(folder, name), name === 'paude' ? 0o755 : 0o644)
  const time = (await $({ cwd: root, quiet: true })`git log -1 --format=%ct`).stdout.trim()
  const fixed = ['--sort=name', `--mtime=@${time}`, '--owner=0', '--group=0', '--numeric-owner', '--format=ustar']
  await $({ cwd: folder, quiet: true })`tar ${fixed} -cf - ${names} | gzip -9n > ${file}`
}

async function checkMachine(file: string, { magic, at, code }: Machine): Promise<void> {
  const head = Buffer.from(await Bun.file(file).slice(0, 32).arrayBuffer()).toString('hex')
  if (!head.startsWith(magic) || head.slice(at * 2, at * 2 + code.length) !== code)
    throw new Error(`${file} is for another machine: it begins with ${head}`)
}

async function checkVersion(file: string): Promise<void> {
  const { stdout } = await $({ quiet: true })`${file} version`
  if (!stdout.includes(manifest.version)) throw new Error(`${file} version says ${stdout.trim()} instead of ${manifest.version}`)
}

const sha = (kind: string, bytes: Uint8Array) => createHash(kind).update(bytes).digest()

if (import.meta.main) await release()
