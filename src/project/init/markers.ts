/** A file that tells what a project is made with, and the groups of hosts that this takes. */
export type Marker = {
  readonly file: string
  readonly groups: readonly string[]
  /** How it reads where a group is proposed. */
  readonly what: string
  /** How dependencies are found in it that come from elsewhere. */
  readonly reads?: 'package.json' | 'cargo' | 'python' | 'devcontainer'
  /** What versions are found in it: of one language, or of several in a line, a table or a range. */
  readonly pins?: 'node' | 'python' | 'java' | 'rust' | 'engines' | 'lines' | 'mise'
}

const NODE = { groups: ['@npm'], what: 'Node packages' } as const
const PYTHON = { groups: ['@pypi'], what: 'Python packages' } as const
const JAVA = { groups: ['@maven'], what: 'Java packages' } as const
const DENO = { groups: ['@deno'], what: 'Deno modules' } as const
const PLAYWRIGHT = { groups: ['@playwright'], what: 'Playwright browsers' } as const
const DOTNET = { groups: ['@nuget'], what: '.NET packages' } as const
const DEVCONTAINER = { groups: [], what: 'its image or a feature needs it', reads: 'devcontainer' } as const

export const markers: readonly Marker[] = [
  { file: 'package.json', ...NODE, reads: 'package.json', pins: 'engines' },
  { file: 'pyproject.toml', ...PYTHON, reads: 'python' },
  { file: 'requirements.txt', ...PYTHON },
  { file: '.python-version', groups: [], what: 'its Python version', pins: 'python' },
  { file: 'Pipfile', ...PYTHON },
  { file: 'setup.py', ...PYTHON },
  { file: 'Cargo.toml', groups: ['@crates'], what: 'Rust packages', reads: 'cargo' },
  { file: 'rust-toolchain.toml', groups: ['@rust'], what: 'its Rust toolchain', pins: 'rust' },
  { file: 'rust-toolchain', groups: ['@rust'], what: 'its Rust toolchain', pins: 'rust' },
  { file: 'go.mod', groups: ['@go'], what: 'Go modules' },
  { file: 'pom.xml', ...JAVA },
  { file: 'build.gradle', ...JAVA },
  { file: 'build.gradle.kts', ...JAVA },
  { file: '.java-version', groups: [], what: 'its Java version', pins: 'java' },
  { file: '.tool-versions', groups: [], what: 'its tools', pins: 'lines' },
  { file: 'mise.toml', groups: [], what: 'its tools', pins: 'mise' },
  { file: '.mise.toml', groups: [], what: 'its tools', pins: 'mise' },
  { file: 'Gemfile', groups: ['@rubygems'], what: 'Ruby packages' },
  { file: '.nvmrc', groups: ['@node'], what: 'its Node version', pins: 'node' },
  { file: '.node-version', groups: ['@node'], what: 'its Node version', pins: 'node' },
  { file: 'deno.json', ...DENO },
  { file: 'deno.jsonc', ...DENO },
  { file: 'playwright.config.ts', ...PLAYWRIGHT },
  { file: 'playwright.config.js', ...PLAYWRIGHT },
  { file: 'Directory.Packages.props', ...DOTNET },
  { file: 'packages.config', ...DOTNET },
  { file: 'composer.json', groups: ['@packagist'], what: 'PHP packages' },
  { file: 'environment.yml', groups: ['@conda'], what: 'a conda environment' },
  { file: '.terraform.lock.hcl', groups: ['@terraform'], what: 'Terraform providers' },
  { file: '.devcontainer/devcontainer.json', ...DEVCONTAINER },
  { file: '.devcontainer.json', ...DEVCONTAINER },
]

/** Words in the name of an image or feature of a dev container, and the groups of the tool they mean. */
export const tools: Readonly<Record<string, readonly string[]>> = {
  node: ['@npm'],
  javascript: ['@npm'],
  typescript: ['@npm'],
  python: ['@pypi'],
  anaconda: ['@conda', '@pypi'],
  miniconda: ['@conda', '@pypi'],
  conda: ['@conda'],
  rust: ['@crates', '@rust'],
  go: ['@go'],
  java: ['@maven'],
  ruby: ['@rubygems'],
  dotnet: ['@nuget'],
  php: ['@packagist'],
  terraform: ['@terraform'],
  deno: ['@deno'],
  'github-cli': ['@github'],
}

/** Programs in the commands of a dev container, and the groups of what they fetch. */
export const fetchers: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(['npm', 'npx', 'yarn', 'pnpm', 'pnpx', 'bun', 'bunx', 'corepack'].map((name) => [name, ['@npm']])),
  ...Object.fromEntries(['pip', 'pip3', 'pipx', 'uv', 'uvx', 'poetry', 'pipenv', 'pdm'].map((name) => [name, ['@pypi']])),
  ...Object.fromEntries(['mvn', 'mvnw', 'gradle', 'gradlew'].map((name) => [name, ['@maven']])),
  ...Object.fromEntries(['conda', 'mamba', 'micromamba'].map((name) => [name, ['@conda']])),
  ...Object.fromEntries(['bundle', 'gem'].map((name) => [name, ['@rubygems']])),
  cargo: ['@crates'],
  rustup: ['@rust'],
  go: ['@go'],
  deno: ['@deno'],
  dotnet: ['@nuget'],
  composer: ['@packagist'],
  terraform: ['@terraform'],
  playwright: ['@playwright'],
  gh: ['@github'],
}

/** Programs that change a system: in a box nobody is root, and the root is read-only. */
export const systemPrograms = ['sudo', 'apt', 'apt-get', 'dnf', 'yum', 'apk', 'pacman'] as const

/** Where dependencies come from besides registries. */
export const forges: Readonly<Record<string, string>> = { 'github.com': '@github', 'gitlab.com': '@gitlab' }
