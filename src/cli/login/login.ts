import { readSync } from 'node:fs'
import { titles, usualAgent } from '../../agents/names.ts'
import { usualOf } from '../../agents/registry.ts'
import { forgetOwnLogin } from '../../config/layers/own-login.ts'
import type { Context } from '../../context.ts'
import { plainKey } from '../../credentials/providers.ts'
import { PaudeError } from '../../errors.ts'
import { type Secret, secret } from '../../secret.ts'
import { json } from '../args.ts'
import { canAsk } from '../config/start-config.ts'
import { taking } from '../front-flags.ts'
import { verb } from '../verb.ts'
import { agentPlace, namedAgent } from './agent-place.ts'
import { readHidden } from './hidden.ts'
import { keepLogin, logIn, requireProvider, useOwnLogin } from './log-in.ts'
import { loginStatus, statusText } from './login-status.ts'

export default verb({
  description: 'Log in once, for all projects',
  details:
    'paude keeps the login in the keychain of this machine, or in a file that only you can read. The proxy adds it to requests. It is never in a sandbox that runs a project.',
  // What its box is made of, and where the models are.
  front: { takes: taking('backend', 'image', 'agent-version', 'pull', 'ca-file', 'profile'), acts: true },
  examples: [
    ['paude login', `on the page of ${titles[usualAgent]}, in your browser`],
    ['paude login --api-key', 'with a key; the input is hidden'],
    ['pass show anthropic | paude login --api-key', 'with a key from another program'],
    ['paude login codex', 'use the ChatGPT login that codex login made on this machine'],
    ['paude login --status', 'show which credential a start here uses'],
  ],
  args: {
    agent: agentPlace,
    'api-key': { type: 'boolean', description: 'Take an API key, from the terminal or from stdin' },
    status: { type: 'boolean', description: 'Show which credential a start here uses; exit code 1 if there is none' },
    json: { ...json, description: 'With --status: print one JSON document' },
  },
  async run(context, given) {
    const agent = await namedAgent(context, given.agent)
    if (given.status) {
      if (given['api-key']) throw new PaudeError('usage', '--status and --api-key cannot be combined', { hint: 'leave one out' })
      const status = await loginStatus(context, agent)
      context.answer(given.json ? JSON.stringify(status, null, 2) : statusText(status, Date.now()))
      return status.source === 'none' ? 1 : 0
    }
    if (given.json)
      throw new PaudeError('usage', 'paude login takes --json only with --status', { hint: 'paude login --status --json' })
    if (given['api-key']) {
      const usual = usualOf(agent)
      await keepLogin(context, usual, { key: plainKey(requireProvider(usual)).key, value: await readKey(context) })
      // What was said last holds.
      forgetOwnLogin(context.host, agent.name)
      return 0
    }
    if (agent.services?.own !== undefined) {
      await useOwnLogin(context, agent, agent.services.own)
      return 0
    }
    requireProvider(agent)
    if (!canAsk(context))
      throw new PaudeError('usage', 'paude login needs a terminal', {
        hint: `pass a key on stdin: paude login${given.agent === undefined ? '' : ` ${agent.name}`} --api-key`,
      })
    await logIn(context, agent)
    return 0
  },
})

/** A key from the terminal, unseen, or the whole of stdin. */
async function readKey(context: Context): Promise<Secret> {
  if (context.host.terminal.stdin) return secret(await readHidden(context, 'API key (hidden), then Enter: '))
  const bytes = Buffer.alloc(MOST)
  let length = 0
  for (let read = -1; read !== 0 && length < MOST; length += read) read = readSync(0, bytes, length, MOST - length, null)
  return secret(bytes.toString('utf8', 0, length).trim())
}

/** Bytes of stdin that can be a key. */
const MOST = 8192
