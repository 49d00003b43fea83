import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canInstall, ensurePackages } from './packages.mjs'
import { forwardSignals, has, main, run, step } from './steps.mjs'

/** The version that the tests run. */
const VERSION = '0.45.1'

/** Not in the checkout: to build it takes some ten minutes and 800 MB, so it is built once. */
const PLACE = join(homedir(), '.cache/zellij')
export const zellijProgram = () => process.env.PAUDE_TEST_ZELLIJ || join(PLACE, 'bin/zellij')

/** No web server, and with that no library that is built along; what an optimiser does is of no interest here. */
const FEATURES = ['--no-default-features', '--features', 'plugins_from_target']
const QUICKLY = {
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16',
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
}

/** What its crates link to. */
const PACKAGES = ['build-essential', 'pkg-config', 'libcurl4-openssl-dev', 'libssl-dev', 'zlib1g-dev']

/** Builds zellij unless it is there, at the lowest priority. Throws why it cannot. */
export async function buildZellij() {
  if (existsSync(zellijProgram())) return zellijProgram()
  const path = [join(homedir(), '.cargo/bin'), process.env.PATH ?? ''].join(delimiter)
  const env = { ...process.env, ...QUICKLY, PATH: path, CARGO_TARGET_DIR: join(PLACE, 'target') }
  if (spawnSync('cargo', ['--version'], { env, stdio: 'ignore' }).status !== 0) throw new Error('cargo is not installed')
  if (canInstall()) await ensurePackages(PACKAGES)
  mkdirSync(PLACE, { recursive: true })
  const nice = has('nice') ? ['nice', '-n', '19'] : []
  const cargo = [...nice, 'cargo', 'install', 'zellij', `--version=${VERSION}`, '--locked', ...FEATURES, `--root=${PLACE}`]
  await step(`builds zellij ${VERSION}`, () => run(cargo, { env, cwd: '/' }))
  return zellijProgram()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  forwardSignals()
  await main(async () => {
    process.stdout.write(`${await buildZellij()}\n`)
    return 0
  })
}
