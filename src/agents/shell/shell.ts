import type { Agent } from '../agent.ts'
import { titles } from '../names.ts'
import { grammar } from './grammar.ts'
import login from './login.sh' with { type: 'text' }

/** A login shell: the sandbox alone, without a model. */
export const shell: Agent = {
  name: 'shell',
  title: titles.shell,
  program: 'sh',
  before: ['/paude/seed/login.sh'],
  grammar,
  screen: true,
  providers: [],
  hosts: [],
  login: '',
  tokenLogin: null,
  ownCredential: null,
  otherWays: /(?!)/,
  environment: () => ({}),
  conversation: null,
  resume: [],
  prelude: '',
  // What a shell does, nobody tells.
  signals: { modes: '', titleSigns: {}, silent: true, asks: [], ownFile: null, hook: () => null },
  imports: null,
  makesWorktree: () => false,
  system: {},
  home: {},
  seed: () => ({ 'login.sh': login }),
}
