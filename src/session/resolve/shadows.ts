import type { Shadow } from '../../box/spec.ts'
import type { StandIn } from '../../box/stand-ins.ts'
import type { Shadowed } from '../../workspace/shadow.ts'
import { plain } from '../record/shadows.ts'

/** What the box has copies of, with what they begin with. Pipes and sockets hold nothing. */
export const shadowsOf = ({ shadows }: Pick<Shadowed, 'shadows'>): readonly Shadow[] =>
  shadows.map(({ path, tree, isMissing }) => ({ target: path, isMissing, leaves: plain(tree) }))

/** Empty folders for those that are missing. */
export const shadowStandIns = ({ shadows }: Pick<Shadowed, 'shadows'>): readonly StandIn[] =>
  shadows.flatMap(({ path, isMissing }) => (isMissing ? [{ kind: 'shadow', path, target: path }] : []))
