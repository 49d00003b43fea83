import { agentOf } from '../../agents/registry.ts'
import { setKey } from '../../config/files/edit.ts'
import { keyOf } from '../../config/keys/all.ts'
import { loadConfig } from '../../config/layers/load.ts'
import type { Context } from '../../context.ts'
import { readBaseUrl } from '../../credentials/base-url.ts'
import { PaudeError } from '../../errors.ts'
import { changeFile } from '../../project/editable.ts'
import { askAgain, canAsk, readAnswer, readLine } from '../config/start-config.ts'
import { decideImport } from '../start/decide-import.ts'

type Choices = {
  /** As typed; undefined where nothing was. */
  readonly baseUrl: string | undefined
  readonly fallback: string | undefined
  readonly sure: boolean
}

/** Keeps where the models are and what happens without an engine. What is decided already is not asked; a default is not written. */
export async function initChoices(context: Context, { baseUrl, fallback, sure }: Choices): Promise<void> {
  const { host, flags } = context
  const { settings, origins, managed } = await loadConfig(host, flags)
  const open = (key: 'baseUrl' | 'fallback') =>
    !sure && canAsk(context) && managed[key] === undefined && origins[key][0]?.layer === 'default'
  const address = baseUrl ?? (open('baseUrl') ? askAgain(context, () => askProvider(context)) : settings.baseUrl)
  if (address !== settings.baseUrl) {
    readBaseUrl(address, baseUrl === undefined ? 'that' : '--base-url')
    await keep(context, 'baseUrl', address)
  }
  const word = fallback ?? (open('fallback') ? askAgain(context, () => askFallback(context)) : settings.fallback)
  if (word !== 'none' && word !== 'host')
    throw new PaudeError('usage', `--fallback must be none or host, found ${JSON.stringify(word)}`, {
      hint: 'use --fallback none or --fallback host',
    })
  if (word !== settings.fallback) await keep(context, 'fallback', word)
  if (!sure && managed.importConfig === undefined)
    await decideImport(context, await loadConfig(host, flags), { agent: agentOf(settings), asks: true, never: false })
}

async function keep({ host, note }: Context, setting: 'baseUrl' | 'fallback', value: string): Promise<void> {
  const key = keyOf(setting)
  const { file } = await changeFile(host, false, (editable) => setKey(editable, key, value))
  note(`${file}: ${key} = ${JSON.stringify(value)}`)
}

/** '' for the agent's own provider. */
function askProvider(context: Context): string {
  const answer = readAnswer(context, "use the agent's own provider, or a gateway? [OWN/gateway]: ")
  switch (answer) {
    case '':
    case 'own':
      return ''
    case 'gateway':
      return askAgain(context, () => {
        const address = readLine(context, 'address of the gateway, like https://gateway.example.org: ')
        if (address !== '') readBaseUrl(address, 'that')
        // Not asked again: an input that has ended would be asked for ever.
        else context.note("no address given, so paude uses the agent's own provider; to set one: paude init --base-url URL")
        return address
      })
    default:
      throw new PaudeError('usage', `unknown provider ${JSON.stringify(answer)}`, {
        hint: 'answer own or gateway, or use paude init --base-url URL',
      })
  }
}

function askFallback(context: Context): 'none' | 'host' {
  const question = 'if no engine works, run the agent WITHOUT a sandbox? [y/N]: '
  const answer = readAnswer(context, question)
  if (['y', 'yes'].includes(answer)) return 'host'
  if (['', 'n', 'no'].includes(answer)) return 'none'
  throw new PaudeError('usage', `${JSON.stringify(answer)} is not y or n`, { hint: 'y or n' })
}
