import type { LifecycleStep } from '../../box/lifecycle-step.ts'
import type { ImageBuild } from '../../image/project-build.ts'
import { row } from '../../key.ts'

/** What only a devcontainer.json says. */
export const devcontainer = {
  /** How its image is made. Holds while `image` is what it makes. */
  imageBuild: row({ label: 'build', initial: null as ImageBuild | null, rule: 'differs' }),
  /** What runs in the box before its agent. */
  lifecycle: row({ label: 'lifecycle', initial: [] as readonly LifecycleStep[], rule: 'adds' }),
  /** Where its commands may look for the project: names that lead to it open nothing. */
  workspaceLinks: row({
    label: 'workspaceFolder',
    initial: [] as readonly Extract<LifecycleStep, { kind: 'link' }>[],
    rule: 'closes',
  }),
  /** Ports of the box that paude forwards here when none is named: you are told of them, and open them or not. */
  forwardPorts: row({ label: 'forwardPorts', initial: [] as readonly number[], rule: 'closes' }),
}
