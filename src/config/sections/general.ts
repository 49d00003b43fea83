import { isAgentName, knownNames, noAgent, requireAgentName, usualAgent } from '../../agents/names.ts'
import { type BackendWish, backendNames, farNames, isolatingNames, isRemoteWish, REMOTE_FORM } from '../../backends/names.ts'
import { oneWord, row, texts } from '../../key.ts'

/** `off`, `use`, or the name of one folder. */
export const DEVCONTAINER = /^[A-Za-z0-9][\w.-]*$/

/** Keys outside of every section. */
export const general = {
  /** What a start without a verb runs. Its flag leaves other words to the agent, which may have an `--agent` of its own. */
  agent: row({
    key: 'agent',
    meaning: 'Agent to run',
    initial: usualAgent as string,
    schema: (v) =>
      v.pipe(
        v.string(),
        v.check(isAgentName, ({ input }) => noAgent(input)),
      ),
    rule: 'differs',
    onHost: true,
    withoutBox: 'free',
    refuse: requireAgentName,
    flags: [
      {
        name: 'agent',
        rank: 10,
        valueHint: 'NAME',
        onlyWith: knownNames,
        description: `Agent to run, by its name in paude agents (default: ${usualAgent}); another word is for the agent's own flag`,
      },
    ],
  }),
  /** Of the chosen agent, as `image.agent_version` is. A list of one key, since no order of several sections would be right for options with values. */
  agentArgs: row({
    key: 'agent_args',
    meaning: 'Arguments at every start, before those of the command line; only for the agent that the same configuration chooses',
    initial: [] as readonly string[],
    schema: texts,
    rule: 'each',
    onHost: true,
    // Without a box they are left out: what is sane in one may not be sane outside.
    withoutBox: 'free',
    notIn: { managed: 'it limits nothing: the same arguments can be typed' },
  }),
  backend: row<BackendWish, 'backend'>({
    key: 'backend',
    words: ['auto', ...backendNames],
    schema: (v) => v.union([v.picklist(['auto', ...backendNames]), v.pipe(v.string(), v.guard(isRemoteWish))]),
    meaning: `Engine that runs the sandbox; auto takes the first usable one of this machine. ${REMOTE_FORM} is one of [remotes]. zellij is none: the agent runs on this machine, not isolated`,
    initial: 'auto',
    rule: 'differs',
    onHost: true,
    withoutBox: 'free',
    projectMay: {
      words: ['auto', ...isolatingNames],
      why: 'zellij runs the agent without a sandbox; choose it yourself with --backend zellij',
    },
    flags: [
      {
        name: 'backend',
        rank: 10,
        valueHint: 'NAME',
        at: [...farNames],
        description: `Engine that runs the sandbox (default: auto, the first usable one); ${REMOTE_FORM} is on another machine`,
      },
    ],
  }),
  /** What a start does where no engine can be used. No flag: whether a box is needed is not said by the way. */
  fallback: oneWord(['none', 'host'], {
    key: 'fallback',
    meaning: "If no engine works: none ends the start; host runs this machine's own agent, not isolated",
    initial: 'none',
    rule: { order: ['none', 'host'] },
    onHost: true,
    withoutBox: 'free',
    variable: 'fallback',
    notIn: { project: 'write it into your own config.toml, since it gives up the sandbox' },
  }),
  /** Whether a devcontainer.json of the project counts: `off`, `use`, or the name of one of several. */
  devcontainer: row({
    key: 'devcontainer',
    meaning:
      "Whether to use the project's devcontainer.json: off, use, or the name of a folder in .devcontainer; if it is not set, the first start asks once",
    initial: 'off',
    unset: 'your answer to the question of the first start here; off until then, and without a terminal',
    schema: (v) => v.pipe(v.string(), v.regex(DEVCONTAINER, 'must be "off", "use", or the name of a folder in .devcontainer')),
    rule: 'own',
    notIn: {
      project: 'a project cannot decide whether it is used',
      managed: 'write it into the config.toml of each user; image.ref limits the images that it may use',
    },
    flags: [
      {
        name: 'devcontainer',
        rank: 100,
        sets: 'use',
        valueHint: 'NAME',
        description: "Use image and commands of the project's devcontainer.json, or of .devcontainer/NAME",
      },
    ],
  }),
  /** What a failing command of it does. No flag: what a project needs does not change from start to start. */
  devcontainerFailure: oneWord(['warn', 'end'], {
    key: 'devcontainer_failure',
    meaning: 'If a command of the devcontainer.json fails: warn starts the agent anyway; end ends the start',
    initial: 'warn',
    rule: { order: ['end', 'warn'] },
    withoutBox: 'free',
  }),
}
