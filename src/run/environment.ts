import { findProgram } from '../host.ts'
import { STEERS_CLIENT } from './client-variables.ts'

/** Credentials of the agent's provider, and what goes with them. */
const PROVIDER = /^(ANTHROPIC_.*|CLAUDE_CODE_.*(TOKEN|KEY|SECRET|PASS|CREDENTIAL).*)$/

/** What a program needs to run at all, whatever else refers to it. */
const ORDINARY = /^(LANG|LC_.*|TERM|COLORTERM|TZ|PWD|DISPLAY|WAYLAND_DISPLAY)$/

const ENGINES = ['docker', 'podman']

const withheld = new Set<string>()

/** From now on, no program inherits these variables but the engine's client, whose helpers may log in with them. */
export function withhold(names: readonly string[]): void {
  for (const name of names) if (!ORDINARY.test(name) && !STEERS_CLIENT.test(name)) withheld.add(name)
}

/**
 * What a program inherits, with more on top. Nobody gets the provider's credential: what a step of a plan needs stands in the step.
 * `keep` names what paude itself reads again in another process.
 */
export function inherited(
  program: string,
  {
    more = {},
    keep = [],
  }: { readonly more?: Readonly<Record<string, string>> | undefined; readonly keep?: readonly string[] } = {},
): Record<string, string> {
  const isEngine = ENGINES.includes(program.split('/').at(-1) ?? '')
  const open = (name: string) => !PROVIDER.test(name) && (isEngine || keep.includes(name) || !withheld.has(name))
  return {
    ...Object.fromEntries(
      Object.entries(Bun.env).flatMap(([name, value]) => (value !== undefined && open(name) ? [[name, value]] : [])),
    ),
    // buildx asks git about the folder that an image is built from, and that may be a project's.
    BUILDX_GIT_INFO: 'false',
    ...more,
  }
}

/** All that we inherited, for the agent's own program in place of its box. */
export const everything = (more: Readonly<Record<string, string>>): Record<string, string | undefined> => ({
  ...Bun.env,
  ...more,
})

/** Where a program is; null where it is not. Not left to the system: a relative entry of PATH would let the project under work choose it. */
export const locate = (name: string): string | null => (name.includes('/') ? name : findProgram({ env: Bun.env }, name))
