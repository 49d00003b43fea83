import type { Commands, Topic, Verb } from './verb.ts'

/** Every verb in the order of the help, loaded when it is used: an unused one costs nothing. The agent's of the same name: `paude -- VERB`. */
export const verbs = {
  sessions: () => import('./sessions/sessions.ts'),
  attach: () => import('./screen/attach.ts'),
  stop: () => import('./sessions/stop.ts'),
  start: () => import('./sessions/start.ts'),
  recreate: () => import('./sessions/recreate.ts'),
  fork: () => import('./start/fork.ts'),
  up: () => import('./sessions/up.ts'),
  wait: () => import('./sessions/wait.ts'),
  output: () => import('./screen/output.ts'),
  review: () => import('./sessions/review.ts'),
  'config-changes': () => import('./sessions/config-changes.ts'),
  'sync-config': () => import('./sessions/sync-config.ts'),
  rm: () => import('./sessions/rm.ts'),
  prune: () => import('./sessions/prune.ts'),
  audit: () => import('./sessions/audit.ts'),
  hold: () => import('./screen/hold.ts'),
  screen: () => import('./screen/screen.ts'),
  send: () => import('./screen/send.ts'),
  paste: () => import('./screen/paste.ts'),
  logs: () => import('./screen/logs.ts'),
  events: () => import('./screen/events.ts'),
  exec: () => import('./inside/exec.ts'),
  cp: () => import('./inside/cp.ts'),
  diff: () => import('./sessions/diff.ts'),
  log: () => import('./sessions/log.ts'),
  pull: () => import('./sessions/pull.ts'),
  push: () => import('./sessions/push.ts'),
  sync: () => import('./sessions/sync.ts'),
  remote: () => import('./sessions/remote.ts'),
  'git-remote': () => import('./sessions/git-remote.ts'),
  checkpoint: () => import('./sessions/checkpoint.ts'),
  checkpoints: () => import('./sessions/checkpoints.ts'),
  rollback: () => import('./sessions/rollback.ts'),
  backup: () => import('./sessions/backup.ts'),
  restore: () => import('./sessions/restore.ts'),
  forward: () => import('./inside/forward.ts'),
  shell: () => import('./inside/shell.ts'),
  run: () => import('./start/run.ts'),
  home: () => import('./home/home.ts'),
  image: () => import('./image/image.ts'),
  network: () => import('./network/network.ts'),
  login: () => import('./login/login.ts'),
  logout: () => import('./login/logout.ts'),
  renew: () => import('./login/renew.ts'),
  credentials: () => import('./login/credentials.ts'),
  config: () => import('./config/config.ts'),
  trust: () => import('./config/trust.ts'),
  plugins: () => import('./config/plugins.ts'),
  untrust: () => import('./config/untrust.ts'),
  notify: () => import('./setup/notify.ts'),
  demo: () => import('./start/demo.ts'),
  backends: () => import('./machine/backends.ts'),
  agents: () => import('./machine/agents.ts'),
  kubernetes: () => import('./machine/kubernetes.ts'),
  init: () => import('./setup/init.ts'),
  status: () => import('./machine/status.ts'),
  doctor: () => import('./machine/doctor.ts'),
  selftest: () => import('./machine/selftest.ts'),
  version: () => import('./help/version.ts'),
  service: () => import('./setup/login-service.ts'),
  completion: () => import('./help/completion.ts'),
  help: () => import('./help/help.ts'),
} satisfies Record<string, () => Promise<{ readonly default: Verb | Topic }>>

type Name = keyof typeof verbs

/** Called by paude itself: they stand in no help, completion or table. */
const hidden: readonly string[] = ['hold', 'git-remote', 'renew'] satisfies Name[]

const aliases: Readonly<Record<string, Name>> = {
  ls: 'sessions',
  ps: 'sessions',
  list: 'sessions',
  delete: 'rm',
  remove: 'rm',
}

export const commands: Commands = {
  names: Object.keys(verbs).filter((name) => !hidden.includes(name)),
  aliases,
  find: (word = '') => {
    const name = Object.hasOwn(aliases, word) ? (aliases[word] ?? word) : word
    return Object.hasOwn(verbs, name) ? name : null
  },
  load: async (name) => (await verbs[name as Name]()).default,
}
