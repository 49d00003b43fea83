/** What becomes of a listed path: read-only and named; named when it is new or changed; shown by `paude review` alone. */
export type Severity = 'severe' | 'warn' | 'shown'

/** A path that programs of this machine execute or obey. `*.x` is any name with that ending. */
export type Listed = {
  readonly path: string
  readonly severity: Severity
  /** Who acts on it. */
  readonly tool: string
  /** What it does with it, as the end of a sentence. */
  readonly why: string
}

/** Relative to a git directory. Those that git writes in ordinary work cannot be read-only, so they are looked at at the end. */
export const IN_GIT = [
  listed('severe', 'git', 'runs them at commit, checkout, push and more', ['hooks']),
  listed('severe', 'git', 'starts the programs that it names, also at git status', ['config', 'config.worktree']),
  listed('severe', 'git', 'takes configuration and hooks from the folder that it names', ['commondir']),
  listed('warn', 'git', 'runs exec lines of the to-do list at git rebase --continue', [
    'rebase-merge',
    'rebase-apply',
    'sequencer',
  ]),
  listed('warn', 'git', 'decides which filters run', ['info/attributes']),
  listed('warn', 'git', 'reads objects from the folders that it names', ['objects/info/alternates']),
  listed('warn', 'git', 'reads addresses of remotes from it', ['remotes', 'branches']),
  listed('warn', 'git', 'shows other commits and files than those that are there', ['refs/replace', 'info/grafts']),
  listed('shown', 'git', 'ends the history at the commits that it names', ['shallow']),
  listed('shown', 'git', 'hides files from git status by it', ['info/exclude', 'info/sparse-checkout']),
].flat()

/** Claude's folder in a project, which it makes by itself, and the one in it for its working trees: each is a whole project. */
export const CLAUDE_FOLDER = '.claude'
export const CLAUDE_TREES = 'worktrees'

/** Of the list below: what agents obey in a project, wherever it lies. A session may write to a copy of its own (`workspace.agent_config`). */
export const AGENT_FOLDERS: readonly string[] = [CLAUDE_FOLDER, '.codex', '.gemini']
export const AGENT_FILES: readonly string[] = ['.mcp.json']
/** The same between the project's top and the working directory, where agents read them by themselves. */
export const AGENT_WORDS: readonly string[] = ['CLAUDE.md', 'CLAUDE.local.md', 'AGENTS.md', 'GEMINI.md']

/** Relative to any folder of the project. */
export const IN_FOLDERS = [
  listed('severe', 'paude', 'decides what the next session may do', ['paude.toml', 'paude.json']),
  listed('severe', 'Claude Code', 'runs its hooks and servers', ['.claude', '.mcp.json']),
  listed('severe', 'Codex', 'obeys its configuration', ['.codex']),
  listed('severe', 'Gemini CLI', 'obeys its configuration', ['.gemini']),
  listed('severe', 'Cursor', 'starts its servers and obeys its rules', ['.cursor', '.cursorrules']),
  listed('severe', 'Windsurf', 'obeys its rules', ['.windsurf', '.windsurfrules']),
  listed('severe', 'OpenCode', 'starts its servers and plugins', ['opencode.json', 'opencode.jsonc', '.opencode']),
  listed('severe', 'Cline and Roo Code', 'start its servers and obey its rules', [
    '.clinerules',
    '.roo',
    '.roorules',
    '.roomodes',
  ]),
  listed('severe', 'Kiro', 'runs its hooks and servers', ['.kiro']),
  listed('severe', 'Amazon Q', 'starts its servers and obeys its rules', ['.amazonq']),
  listed('severe', 'Continue', 'starts its servers and obeys its rules', ['.continue', '.continuerules']),
  listed('severe', 'Kilo Code', 'starts its servers and obeys its rules', ['.kilocode']),
  listed('severe', 'Qwen Code', 'obeys its configuration', ['.qwen']),
  listed('severe', 'Crush', 'starts the servers that it names', ['crush.json', '.crush.json']),
  listed('severe', 'aider', 'runs the commands that it names', ['.aider.conf.yml']),
  listed('severe', 'VS Code', 'runs tasks and obeys settings', ['.vscode', '*.code-workspace']),
  listed('severe', 'JetBrains IDEs', 'run its configurations', ['.idea']),
  listed('severe', 'Zed', 'runs its tasks', ['.zed']),
  listed('severe', 'Sublime Text', 'runs its build systems', ['*.sublime-project']),
  listed('severe', 'Fleet', 'runs its configurations', ['.fleet']),
  listed('severe', 'Vim and Neovim', 'run it where exrc is set', [
    ...['.exrc', '.nvimrc', '.nvim.lua', '.lazy.lua', '.vimrc', '.lvimrc', '.vim'],
  ]),
  listed('severe', 'Emacs', 'evaluates it when a file is opened', ['.dir-locals.el', '.dir-locals-2.el']),
  listed('severe', 'Helix', 'starts its language servers', ['.helix']),
  listed('severe', 'Dev Containers', 'run its commands on this machine', ['.devcontainer', '.devcontainer.json']),
  listed('severe', 'direnv', 'runs it at cd', ['.envrc']),
  listed('severe', 'mise', 'runs its hooks and templates at cd', [
    ...['mise.toml', '.mise.toml', 'mise.local.toml', '.mise.local.toml'],
    ...['.mise', '.config/mise.toml', '.config/mise'],
  ]),
  listed('severe', 'husky', 'is run by git hooks', ['.husky']),
  listed('severe', 'lefthook', 'is run by git hooks', [
    ...['lefthook.yml', 'lefthook.yaml', 'lefthook.toml', 'lefthook.json', '.lefthook.yml', '.lefthook.yaml', '.lefthook'],
    ...['lefthook-local.yml', 'lefthook-local.yaml', '.lefthook-local', '.config/lefthook.yml'],
  ]),
  listed('severe', 'pre-commit', 'is run by git hooks', ['.pre-commit-config.yaml', '.pre-commit-hooks.yaml']),
  listed('severe', 'overcommit', 'is run by git hooks', ['.overcommit.yml', '.git-hooks']),
  listed('severe', 'Trunk', 'runs its actions, also from git hooks', ['.trunk/trunk.yaml']),
  listed('severe', 'R', 'runs it when it starts in the folder', ['.Rprofile']),
  // Not whole folders: Mercurial and Jujutsu write the rest of them at every command.
  listed('severe', 'Mercurial', 'runs the hooks and extensions that it names', [
    '.hg/hgrc',
    '.hg/hgrc-not-shared',
    '.hg/sharedpath',
  ]),
  listed('severe', 'Jujutsu', 'starts the programs that it names', ['.jj/repo/config.toml']),
  listed('severe', 'simple-git-hooks', 'becomes git hooks', ['.simple-git-hooks.json', 'simple-git-hooks.json']),
  listed('warn', 'asdf', 'chooses programs by it', ['.tool-versions']),
  listed('warn', 'Cargo', 'starts the wrappers and linkers that it names', ['.cargo/config.toml', '.cargo/config']),
  listed('warn', 'Yarn', 'starts the program that it names', ['.yarnrc.yml', '.yarnrc', '.yarn/releases', '.yarn/plugins']),
  listed('warn', 'rustup', 'downloads or runs the tools that it names', ['rust-toolchain.toml', 'rust-toolchain']),
  listed('warn', 'ESLint', 'runs it, also for editors', [
    ...[
      'eslint.config.js',
      'eslint.config.mjs',
      'eslint.config.cjs',
      'eslint.config.ts',
      'eslint.config.mts',
      'eslint.config.cts',
    ],
    ...['.eslintrc', '.eslintrc.js', '.eslintrc.cjs', '.eslintrc.json', '.eslintrc.yaml', '.eslintrc.yml'],
  ]),
  listed('warn', 'shells and other tools', 'load it, some of them at cd', ['.env']),
  listed('warn', 'pdb', 'runs it when the Python debugger starts', ['.pdbrc']),
  listed('warn', 'GHCi', 'runs it when it starts in the folder', ['.ghci']),
  listed('warn', 'OCaml', 'runs it when its prompt starts in the folder', ['.ocamlinit']),
  listed('warn', 'IEx', 'runs it when it starts in the folder', ['.iex.exs']),
  listed('warn', 'IRB and Pry', 'run it when they start in the folder', ['.irbrc', '.pryrc']),
  listed('warn', 'Octave', 'runs it when it starts in the folder', ['.octaverc']),
  listed('warn', 'sbt', 'starts Java with the words that it holds', ['.sbtopts', '.jvmopts']),
  listed('warn', 'Metals and JetBrains IDEs', 'start the build servers that it names', ['.bsp']),
  listed('warn', 'Pylint', 'runs its init-hook, also for editors', ['.pylintrc', 'pylintrc']),
  listed('warn', 'RuboCop', 'loads what it names, also for editors', ['.rubocop.yml']),
  listed('warn', 'Prettier', 'runs it, also for editors', [
    ...['.prettierrc.js', '.prettierrc.mjs', '.prettierrc.cjs', '.prettierrc.ts', '.prettierrc.mts', '.prettierrc.cts'],
    ...['prettier.config.js', 'prettier.config.mjs', 'prettier.config.cjs', 'prettier.config.ts'],
  ]),
  listed('warn', 'Stylelint', 'runs it, also for editors', [
    ...['.stylelintrc.js', '.stylelintrc.mjs', '.stylelintrc.cjs'],
    ...['stylelint.config.js', 'stylelint.config.mjs', 'stylelint.config.cjs'],
  ]),
  listed('warn', 'lint-staged', 'runs its commands at commit', [
    ...['.lintstagedrc', '.lintstagedrc.json', '.lintstagedrc.yml', '.lintstagedrc.yaml'],
    ...['.lintstagedrc.js', '.lintstagedrc.mjs', '.lintstagedrc.cjs'],
    ...['lint-staged.config.js', 'lint-staged.config.mjs', 'lint-staged.config.cjs'],
  ]),
  listed('warn', 'commitlint', 'runs it at commit', [
    ...['.commitlintrc.js', '.commitlintrc.cjs', '.commitlintrc.mjs', '.commitlintrc.ts'],
    ...['commitlint.config.js', 'commitlint.config.cjs', 'commitlint.config.mjs', 'commitlint.config.ts'],
  ]),
  listed('warn', 'npm', 'obeys it at every command', ['.npmrc']),
  listed('warn', 'pnpm', 'runs it at install', ['.pnpmfile.cjs', '.pnpmfile.mjs']),
  listed('warn', 'Bun', 'loads what it names', ['bunfig.toml']),
  listed('warn', 'Bundler', 'obeys it at every command', ['.bundle']),
  listed('warn', 'Bazel', 'obeys it at every command', ['.bazelrc']),
  listed('warn', 'git', 'decides which filters run and where submodules come from', ['.gitattributes', '.gitmodules']),
  listed('warn', 'git-lfs', 'takes the server from it that gets its files', ['.lfsconfig']),
  listed('warn', 'agents', 'take it for your words', ['CLAUDE.md', 'CLAUDE.local.md', 'AGENTS.md', 'GEMINI.md']),
  listed('severe', 'GitHub Copilot', 'runs its hooks', ['.github/hooks']),
  listed('warn', 'GitHub Copilot', 'takes it for your words', ['.github/copilot-instructions.md', '.github/instructions']),
  listed('warn', 'Goose and Junie', 'take it for your words', ['.goosehints', '.junie']),
  listed('shown', 'continuous integration', 'runs it with its own secrets', [
    ...['.github/workflows', '.github/actions', '.gitlab-ci.yml', '.circleci', '.travis.yml', '.buildkite', '.drone.yml'],
    ...['.woodpecker.yml', '.woodpecker', 'Jenkinsfile', 'azure-pipelines.yml', 'bitbucket-pipelines.yml', '.cirrus.yml'],
  ]),
  listed('shown', 'npm, Yarn, pnpm and Bun', 'run its scripts', ['package.json']),
  listed('shown', 'make', 'runs its recipes', ['Makefile', 'makefile', 'GNUmakefile', '*.mk']),
  listed('shown', 'task runners', 'run its recipes', [
    ...['justfile', 'Justfile', '.justfile', 'Taskfile.yml', 'Taskfile.yaml', 'Rakefile', 'noxfile.py', 'tox.ini'],
  ]),
  listed('shown', 'Cargo', 'runs it at build, also for editors', ['build.rs']),
  listed('shown', 'Python tools', 'run it at install or test', ['setup.py', 'pyproject.toml', 'conftest.py']),
  listed('shown', 'Gradle and Maven', 'run it at build', [
    ...['build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts', 'gradlew', 'pom.xml', 'mvnw', '.mvn'],
  ]),
  listed('shown', 'container engines', 'build and run it', [...['Dockerfile', 'Containerfile', '*compose.yml', '*compose.yaml']]),
  listed('shown', 'Nix', 'evaluates it', ['flake.nix', 'shell.nix', 'default.nix']),
].flat()

function listed(severity: Severity, tool: string, why: string, paths: readonly string[]): readonly Listed[] {
  return paths.map((path) => ({ path, severity, tool, why }))
}

/** A name that somebody adds to the list, or gives another severity; only where it is yours may that be a lower one. */
export type Addition = { readonly path: string; readonly severity: Severity; readonly isYours: boolean }

/** Reads `SEVERITY:NAME`. */
export function readAddition(text: string, isYours: boolean): Addition {
  const [, severity = 'severe', path = ''] = ADDITION.exec(text) ?? []
  return { path, severity: severity as Severity, isYours }
}

/** A name like those of the list: `.tool`, `*.tool`, `folder/name`. */
export const ADDITION = /^(severe|warn|shown):((?:\*\.)?(?!\.{1,2}(?:\/|$))[^/*\s]+(?:\/(?!\.{1,2}(?:\/|$))[^/*\s]+)*)$/

/** The list with what was added. */
export function listWith(additions: readonly Addition[]): readonly Listed[] {
  const severityOf = (listed: Listed): Severity => {
    let { severity } = listed
    for (const one of additions)
      if (one.path === listed.path && (one.isYours || rank(one.severity) < rank(severity))) severity = one.severity
    return severity
  }
  const known = IN_FOLDERS.map((listed) => ({ ...listed, severity: severityOf(listed) }))
  const names = new Set(IN_FOLDERS.map(({ path }) => path))
  const added = additions.filter(({ path }) => !names.has(path))
  return [...known, ...added.map(({ path, severity }) => ({ path, severity, ...ADDED }))]
}

const ADDED = { tool: 'this machine', why: 'acts on it, says workspace.guard' } as const

/** The severest first. */
export const rank = (severity: Severity): number => ['severe', 'warn', 'shown'].indexOf(severity)

/** git keeps what `refs/replace` holds there as well, among all other refs. */
export const PACKED_REPLACEMENTS: Listed = {
  path: 'packed-refs',
  severity: 'warn',
  tool: 'git',
  why: 'shows other commits and files than those that are there, by its lines of refs/replace',
}

/** A git directory that is new: whoever made it decides what git runs there. */
export const NEW_REPOSITORY: Listed = {
  path: '.git',
  severity: 'severe',
  tool: 'git',
  why: 'obeys its configuration, also for a status of the repository above',
}

/** What may hold anything, since nobody can look at it. */
export const CLOSED: Listed = { path: '', severity: 'severe', tool: '', why: 'paude cannot look into it' }

/** A link, pipe or socket in git data. git makes none of them, and follows links wherever it writes: also a log or a message. */
export const ODD_IN_GIT: Listed = {
  path: '',
  severity: 'severe',
  tool: 'git',
  why: 'writes through it or waits for it, so that a commit of yours changes another file',
}

/** What configuration of git or of yours names. */
export const NAMED: Listed = { path: '', severity: 'severe', tool: 'git', why: 'is told by its configuration to use it' }

/** Paths of a list that are read-only where they exist and have a fixed name. */
export const severeNames = (list: readonly Listed[]): readonly string[] =>
  list.flatMap(({ path, severity }) => (severity === 'severe' && !path.startsWith('*') ? [path] : []))
