import { PaudeError } from '../errors.ts'
import { isAddress } from './outside.ts'

/** The address of a provider; `where` names the variable or key that says it. */
export function readBaseUrl(text: string, where: string): URL {
  const url = URL.parse(text)
  if (
    url === null ||
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.password !== '' ||
    !/^[A-Za-z0-9._~/-]*$/.test(url.pathname)
  )
    throw new PaudeError('usage', `${where} is not a plain web address: ${text}`, {
      hint: 'it must look like https://gateway.example.org/prefix',
    })
  if (/^(localhost|127\..*|\[::1?\]|0\.0\.0\.0)$/.test(url.hostname))
    throw new PaudeError('usage', `${where} names the loopback of this machine, but the sandbox has its own: ${text}`, {
      hint: `${isAddress(where) ? `export ${where}=` : 'write '}${url.protocol}//host.paude.internal:${url.port || '80'} and let the server listen on the engine's bridge too`,
    })
  return url
}
