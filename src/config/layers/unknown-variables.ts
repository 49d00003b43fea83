import { nearest } from '../../text.ts'
import { twins, variableOf } from '../keys/own-flags.ts'

const PREFIX = 'PAUDE_'

/** Variables that look as if paude would read them, and does not, each with the one that was probably meant; '' for none. */
export function unknownVariables(
  env: Readonly<Record<string, string | undefined>>,
): readonly { readonly name: string; readonly meant: string }[] {
  const known = twins.filter(({ alias }) => !alias).map((flag) => variableOf(flag).slice(PREFIX.length))
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && env[name] !== '')
    .map((name) => name.slice(PREFIX.length))
    .filter((name) => !known.includes(name) && !NOT_OURS.test(name))
    .map((name) => {
      // Named after its key in the files: PAUDE_LIMITS_MEMORY.
      const meant = known.find((one) => name.endsWith(`_${one}`)) ?? nearest(name, known)
      return { name: `${PREFIX}${name}`, meant: meant === null ? '' : `${PREFIX}${meant}` }
    })
}

/** What paude sets in the box, and what its own tests are told by. */
const NOT_OURS = /^(WALL|WAIT|INIT|ON_HOST|BASE_URL|TEST_.*)$/
