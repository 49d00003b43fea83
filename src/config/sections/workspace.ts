import { oneWord, row, text, texts, truth, type Valibot } from '../../key.ts'
import { parseRepository } from '../../workspace/further.ts'
import { ADDITION } from '../../workspace/listed.ts'
import { parseMount } from '../../workspace/mount.ts'
import { requireBaseName } from '../../workspace/ref-name.ts'

const pathsInProject = (v: Valibot) =>
  v.array(
    v.pipe(
      text(v),
      v.check(
        (path) => !/^[/~]/.test(path) && !path.split('/').includes('..') && !/^\.?\/*$/.test(path),
        'must be a path in the project, without ..',
      ),
    ),
  )

/** What the box sees of this machine's files. */
export const workspace = {
  workspaceMode: oneWord(['bind', 'worktree', 'clone', 'none'], {
    key: 'workspace.mode',
    meaning:
      'bind: the agent works in your folder; worktree: in a git worktree beside it; clone: in a clone of its own, from which paude pull brings commits; none: in an empty folder that goes with the session',
    initial: 'bind',
    rule: { order: ['none', 'clone', 'worktree', 'bind'] },
    withoutBox: 'closes',
    flags: [
      {
        name: 'workspace',
        rank: 75,
        valueHint: 'MODE',
        more: { value: 'worktree', key: 'worktreeBranch' },
        description:
          'bind: the agent works in your folder (default); worktree[=BRANCH]: in a git worktree; clone: in a clone of its own (paude pull); none: in an empty folder',
      },
    ],
  }),
  /** Said with --workspace alone; '' for a branch of the session's name. */
  worktreeBranch: row({ initial: '', rule: 'own', withoutBox: 'free' }),
  dirty: oneWord(['false', 'true'], {
    key: 'workspace.dirty',
    meaning: 'Whether a clone also gets what you have not committed: changes, and new files that git does not ignore',
    initial: 'false',
    schema: truth,
    rule: { order: ['false', 'true'] },
    withoutBox: 'free',
    flags: [
      {
        name: 'dirty',
        rank: 75,
        sets: 'true',
        switch: true,
        description: 'A clone also gets what you have not committed: changes, and new files that git does not ignore',
      },
    ],
  }),
  /** '' for the commit that you are on. A project must not choose it: a clone has no other branch of yours. */
  base: row({
    key: 'workspace.base',
    meaning: 'Branch, tag or commit that a clone or a worktree begins with (default: the commit that you are on)',
    initial: '',
    schema: text,
    rule: 'own',
    notIn: {
      project: 'a project must not choose which of your branches the agent gets',
      managed: 'write it into the config.toml of each user',
    },
    read: requireBaseName,
    refuse: requireBaseName,
    flags: [
      {
        name: 'base',
        rank: 75,
        valueHint: 'REF',
        description: 'Branch, tag or commit that a clone or a worktree begins with (default: the commit that you are on)',
      },
    ],
  }),
  /** Relative to the project, or absolute in it. */
  protect: row({
    key: 'workspace.protect',
    meaning: 'Further paths of the project that are read-only in the sandbox',
    initial: [] as readonly string[],
    schema: pathsInProject,
    rule: 'closes',
    withoutBox: 'closes',
  }),
  /** Relative to the project, or absolute in it. A project's file may name them: the sandbox gets less of the host's folder by each. */
  overlay: row({
    key: 'workspace.overlay',
    meaning: 'Folders of the project for which the sandbox gets a volume instead, such as node_modules, .venv or target',
    initial: [] as readonly string[],
    schema: pathsInProject,
    rule: 'closes',
    withoutBox: 'closes',
    flags: [
      {
        name: 'overlay',
        rank: 81,
        valueHint: 'PATH',
        description: 'Give the sandbox a volume instead of this folder of the project, such as node_modules',
      },
    ],
  }),
  guard: row({
    key: 'workspace.guard',
    meaning:
      'Names that are guarded in any folder, SEVERITY:NAME with severe, warn or shown; yours may lower the severity of a listed name',
    initial: [] as readonly string[],
    schema: (v) =>
      v.array(
        v.pipe(
          text(v),
          v.check((entry) => ADDITION.test(entry), 'must be severe:NAME, warn:NAME or shown:NAME'),
        ),
      ),
    rule: 'closes',
    withoutBox: 'closes',
  }),
  /** Without a terminal nobody is asked: what was found is named, and `paude review` shows it. */
  onFinding: oneWord(['revert', 'ask', 'warn'], {
    key: 'workspace.on_finding',
    meaning: 'What paude does if a session left files that this machine may run: ask, revert or warn',
    initial: 'ask',
    rule: { order: ['revert', 'ask', 'warn'] },
    withoutBox: 'closes',
  }),
  /** Each is guarded as the project is; a project's file needs your approval. */
  repos: row({
    key: 'workspace.repos',
    meaning: 'Further git repositories to mount at their own paths, PATH[:ro], writable unless ro',
    initial: [] as readonly string[],
    schema: texts,
    rule: 'adds',
    read: (word) => parseRepository(word, { cwd: '/', home: '/' }),
    flags: [
      {
        name: 'repo',
        rank: 79,
        valueHint: 'PATH[:ro]',
        description: 'Also mount this git repository at its own path, guarded as the project is; writable unless :ro',
      },
    ],
  }),
  alarm: oneWord(['pause', 'tell', 'off'], {
    key: 'workspace.watch',
    meaning:
      'What paude does while a session runs, if a file appears that this machine may run: pause the session, only tell you, or not look (off)',
    initial: 'pause',
    rule: { order: ['pause', 'tell', 'off'] },
    withoutBox: 'closes',
  }),
  /** What agents obey in a project, and would obey on this machine: the list is in workspace/listed.ts. */
  agentConfig: oneWord(['read-only', 'shadow', 'write-through'], {
    key: 'workspace.agent_config',
    meaning:
      "What becomes of changes to the agents' configuration in the project (.claude, .mcp.json, CLAUDE.md, …): shadow: they stay in the session, and paude sync-config brings them back; read-only: there are none; write-through: they are in your folder at once",
    // Read-only breaks what the agent does by itself, such as "always allow"; a shadow does not, and keeps the files as safe.
    initial: 'shadow',
    rule: { order: ['read-only', 'shadow', 'write-through'] },
    withoutBox: 'closes',
    projectMay: {
      words: ['read-only', 'shadow'],
      why: 'a project can only say read-only or shadow; set it in your own config.toml',
    },
    flags: [
      {
        name: 'agent-config',
        rank: 76,
        valueHint: 'MODE',
        description:
          "Changes to the agents' configuration in the project: shadow: kept in the session (default); read-only; write-through",
      },
    ],
  }),
  mount: row({
    key: 'mounts',
    meaning: 'Files and folders to mount, SRC[:DST][:rw], read-only unless rw',
    initial: [] as readonly string[],
    schema: texts,
    rule: 'adds',
    // Whose home and folder it is decides what is meant, not whether it is a mount.
    read: (word) => parseMount(word, { cwd: '/', home: '/' }),
    flags: [
      { name: 'mount', rank: 80, valueHint: 'SRC[:DST][:rw]', description: 'Mount a file or folder, read-only unless :rw' },
    ],
  }),
}
