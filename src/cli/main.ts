import { away } from '../backends/away.ts'
import { patience, programs } from '../backends/names.ts'
import { unanswered } from '../backends/unanswered.ts'
import { ownFlags } from '../config/keys/own-flags.ts'
import type { Layer } from '../config/keys/settings.ts'
import { flagsFor } from '../config/layers/own-agents.ts'
import { ownClients } from '../config/layers/own-clients.ts'
import { readFlags, readVariables } from '../config/layers/read-flags.ts'
import { type Caller, exitCode, PaudeError } from '../errors.ts'
import { choosePrograms, type Host } from '../host.ts'
import { explainFetch } from '../image/explain-fetch.ts'
import { admitClients } from '../run/environment.ts'
import { nearest, printableOutput } from '../text.ts'
import type { Values } from './args.ts'
import { isRehearsal } from './front-flags.ts'
import { firstWord, readWords } from './read-words.ts'
import { asksAgent, forAgent, lateFlags, refuseLostFlags, refuseNearVerb, suspicions } from './start/near-misses.ts'
import { added, startWords } from './start/start-words.ts'
import { colourful, errorLine, outputs, sentence, writeAll } from './streams/output.ts'
import { argsOf, type CommandContext, type Topic, type Verb, verbOf } from './verb.ts'
import { commands } from './verbs.ts'

/** Verbs that tell what holds: there a variable without effect is worth a word. */
const TELLS = ['config', 'status', 'doctor']

/** argv in, exit code out. Everything a user did wrong becomes a sentence here. */
export async function main(argv: readonly string[], host: Host, version: string): Promise<number> {
  let caller: Caller = 'agent'
  let asJson = false
  admitClients(patience)
  try {
    const { layer, words, ended, names } = readFlags(argv, flagsFor(argv, host))
    await chooseClients(host, layer)
    // `--help network` is as good as `help network`; before another flag it is the agent's.
    const asked = !ended && isHelp(words[0]) && words[1] !== undefined && !words[1].startsWith('-')
    // With `--agent` a verb of both is the agent's: ours could do nothing with it.
    const ofAgent = layer.agent !== undefined && asksAgent(words[0] ?? '', await forAgent(host, layer))
    const name = ended || ofAgent ? null : asked ? 'help' : commands.find(words[0])
    const context = contextOf(host, version, layer)
    if (name !== null) {
      const verb = await commands.load(name)
      const { caller: who = 'management', starts = false } = 'verbs' in verb ? {} : verb
      caller = who
      asJson = 'json' in argsOf(verb) && before('--', words).includes('--json')
      if (starts || TELLS.includes(name)) for (const line of suspicions([], host)) context.warn(line)
      // Asked about a flag, help gets its name as a word.
      const asksOfFlag = name === 'help' && ownFlags.some((flag) => words[1] === `--${flag.name}`)
      return await runVerb(context, { called: `paude ${name}`, verb, names }, [...(asksOfFlag ? ['--'] : []), ...words.slice(1)])
    }
    if (!ended && words.length === 1 && isHelp(words[0])) {
      const { help } = await import('./help/text.ts')
      const { textWidth } = await import('./streams/layout.ts')
      context.answer(help(textWidth(host)))
      return 0
    }
    if (words.length === 1 && /^(--version|-v)$/i.test(words[0] ?? '')) {
      const { loadConfig } = await import('../config/layers/load.ts')
      const { settings } = await loadConfig(host, layer)
      const { installOf } = await import('../agents/installs.ts')
      const install = installOf(settings)
      // paude's own image holds exactly this release: the line is the agent's own, and no box is started to say it.
      if (settings.image === '' && install?.asked.includes(words[0] ?? '')) {
        context.answer(install.says(settings.agentVersion))
        context.note(`version ${version}`)
        return 0
      }
    }
    const judged = ended ? [] : words
    const judging = await forAgent(host, layer)
    refuseNearVerb(judged, { host: judging, verbs: commands.names })
    refuseLostFlags(judged, judging)
    for (const line of suspicions(judged, judging)) context.warn(line)
    for (const flag of lateFlags(judged, judging))
      context.note(`${flag} comes after the agent's first word, so it goes to the agent; for paude's flag, put it first`)
    const { startSession } = await import('./start/start.ts')
    return await startSession(context, { run: { kind: 'agent', words }, flags: layer, plain: true })
  } catch (error) {
    if (!(error instanceof PaudeError)) throw error
    const code = exitCode(error, caller)
    const text = asJson ? errorLine(error, code) : sentence(error)
    writeAll(2, colourful(host, 'stderr') ? text : Bun.stripANSI(text))
    return code
  }
}

/** From here on the clients that your configuration names are meant by the names of theirs. */
async function chooseClients(host: Host, flags: Layer): Promise<void> {
  choosePrograms({})
  const own = await ownClients(host, flags)
  if (own === null) return
  const { ownProgram } = await import('../run/own-program.ts')
  const said = { docker: own.dockerProgram, podman: own.podmanProgram }
  choosePrograms(
    Object.fromEntries(
      Object.entries(said).flatMap(([name, program]) =>
        program === ''
          ? []
          : [[programs[name as keyof typeof said], ownProgram(host, { key: `${name}.program`, said: program })]],
      ),
    ),
  )
}

/** A verb as it was called, and the own flags that stood before it. */
type Called = { readonly called: string; readonly verb: Verb | Topic; readonly names: readonly string[] }

async function runVerb(context: CommandContext, { called, verb, names }: Called, argv: readonly string[]): Promise<number> {
  // Flags may stand before the verb of a topic.
  const at = 'verbs' in verb ? firstWord(argv, argsOf(verb)) : -1
  const word = argv[at] ?? ''
  const chosen = verbOf(verb, word)
  const rest = chosen === undefined ? argv : argv.toSpliced(at, 1)
  const path = chosen === undefined ? called : `${called} ${word}`
  if (isHelp(rest[0]) || (chosen !== undefined && before('--', rest).some(isHelp))) {
    const [{ verbHelp }, { textWidth }] = await Promise.all([import('./help/text.ts'), import('./streams/layout.ts')])
    context.answer(verbHelp(context.commands, { called: path, verb: chosen ?? verb, width: textWidth(context.host) }))
    return 0
  }
  const acting = chosen ?? verb
  if (!('verbs' in acting)) return await act(context, { called: path, verb: acting, names }, rest)
  const known = Object.keys(acting.verbs)
  const close = nearest(word, known)
  throw new PaudeError('usage', at === -1 ? `${called} needs a verb` : `${called} has no verb ${JSON.stringify(word)}`, {
    hint: close === null ? `${called} ${known.join(', ')}` : `did you mean ${called} ${close}?`,
  })
}

async function act(
  context: CommandContext,
  { called, verb, names }: Called & { readonly verb: Verb },
  argv: readonly string[],
): Promise<number> {
  // A verb that starts a box takes the flags of a start as well.
  const behind = verb.starts ? startWords(argv, verb.args, flagsFor(argv, context.host)) : { layer: {}, names: [], rest: argv }
  const flags = added(context.flags, behind.layer)
  const shell = context.host.env['SHELL']?.split('/').at(-1) || ' '
  const lines = verb.examples.map(([line]) => line)
  // That of your own shell, where there is one for each.
  const example = lines.find((line) => line.includes(`${called} ${shell}`)) ?? lines.find((line) => line.startsWith(`${called} `))
  const front = { called, example, ...verb.front }
  const args = verb.args ?? {}
  const given: Values = readWords(front, behind.rest, args)
  const dry = isRehearsal(context.host, front, { args, given, names: [...names, ...behind.names], layer: flags })
  return await verb.run({ ...context, flags }, dry ? { ...given, 'dry-run': true as const } : given)
}

const isHelp = (word: string | undefined): boolean => word === '--help' || word === '-h'

const before = (end: string, words: readonly string[]): readonly string[] =>
  words.includes(end) ? words.slice(0, words.indexOf(end)) : words

function contextOf(host: Host, version: string, flags: Layer): CommandContext {
  const { answer, note, warn, prompt, moving } = outputs(host, isQuiet(host, flags))
  const context: CommandContext = {
    host,
    version,
    commands,
    flags,
    answer,
    note,
    warn,
    prompt,
    moving,
    choose: async (what, candidates) => (await import('./sessions/choose.ts')).chooseSession(context, what, candidates),
    effects: (backend) => {
      // Nothing is said to a session of this machine while another one would hear it.
      const error = away(host, backend)
      if (error !== null) throw error
      return {
        note,
        moving,
        verbose: null,
        attach: async (step) => {
          const { attachSafely } = await import('../hold/streams.ts')
          return attachSafely(host, step, `paude ${version}`)
        },
        hold: async (step) => {
          const [{ holdStep }, { terminalSettings }] = await Promise.all([
            import('../hold/launch.ts'),
            import('../session/life/holder.ts'),
          ])
          return await holdStep(host, step, {
            ...(await terminalSettings({ host, flags })),
            explain: (code, text) => backend.health.explain({ argv: step.argv, code, stdout: '', stderr: text }),
          })
        },
        explain: ({ argv, outcome }) =>
          argv[0] !== backend.program && !(backend.scripted && argv[0] === '/bin/sh')
            ? foreign(argv, outcome)
            : outcome.silent === undefined
              ? backend.health.explain({ argv, ...outcome })
              : unanswered(backend, outcome.silent),
      }
    },
  }
  return context
}

const isQuiet = ({ env: { PAUDE_QUIET } }: Host, { quiet }: Layer): boolean =>
  quiet ?? readVariables({ PAUDE_QUIET }).quiet ?? false

/** A failed program that is not the engine: the fetch of the agent, which this very program does as bun, or a small tool. */
function foreign(argv: readonly string[], outcome: { code: number; stderr: string }): PaudeError {
  const { code } = outcome
  const stderr = printableOutput(outcome.stderr)
  if (argv[1] === 'add') return explainFetch({ argv, code, stderr })
  const reason = stderr.trim().split('\n').at(-1) ?? ''
  const said = `${argv[0]?.split('/').at(-1)} failed with exit code ${code}${reason === '' ? '' : `: ${reason}`}`
  return /ENOSPC|no space left/i.test(stderr)
    ? new PaudeError('disk-full', said, { hint: 'free some space, then try again' })
    : new PaudeError('command-failed', said)
}
