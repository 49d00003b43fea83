import type { Check } from './checked.ts'
import { type Probe, readProbe } from './probed.ts'

/** Where the command of a trial says what it found: the project, so that a file there proves that it can be written. */
export const FOUND_FILE = 'found'

/** Exit code of a command that cannot write to the project. */
const UNWRITABLE = 73

/** The command of a trial. Plain POSIX sh, like images/check.sh. */
export const TRIAL: readonly string[] = [
  '/bin/sh',
  '-c',
  `set -u
(: > ${FOUND_FILE}) 2>/dev/null || exit ${UNWRITABLE}
say() { printf '%s=%s\\n' "$1" "$2"; }
{
  say home "\${HOME:-}"
  say git-config "\${GIT_CONFIG_COUNT:-}"
  if command -v git >/dev/null 2>&1; then
    git status >/dev/null 2>&1 && say git ok || say git "$(git status 2>&1 | tr '\\n' ' ')"
  fi
  say end ok
} > ${FOUND_FILE}
`,
]

/** How a trial ended. */
export type Trial = {
  readonly code: number
  /** What the command wrote; null where there is no file. */
  readonly text: string | null
  /** Whether what it wrote belongs to the user. */
  readonly isOwn: boolean
  /** HOME of the sandbox. */
  readonly home: string
}

/** Judges what a sandbox from the image could do with a project. */
export function checkTrial({ code, text, isOwn, home }: Trial): readonly Check[] {
  const found = readProbe(text ?? '')
  const unwritable = code === UNWRITABLE || (code === 0 && text === null)
  const ran = code === 0 && found['end'] === 'ok'
  const failed = code === 0 ? 'the command was cut short' : `the command ended with exit code ${code}`
  const session = row('K40', 'session', 'error', ran || unwritable, {
    message: ran || unwritable ? 'started, ran a command, was removed' : failed,
    fix: 'run it yourself: paude --image REFERENCE run -- sh',
  })
  if (code !== 0 && code !== UNWRITABLE) return [session]
  return [session, workspace(unwritable, isOwn), ...(ran ? inside(found, home) : [])]
}

/** When no sandbox came to be. */
export const failedTrial = (message: string, fix: string): Check => row('K40', 'session', 'error', false, { message, fix })

const workspace = (unwritable: boolean, isOwn: boolean): Check =>
  row('K15', 'project', 'error', !unwritable && isOwn, {
    message: unwritable
      ? 'the sandbox cannot write to the project'
      : isOwn
        ? 'files that the sandbox makes there are yours'
        : 'files that the sandbox makes there belong to another user',
    fix: 'leave out USER and what changes owners when a container starts',
  })

function inside(found: Probe, home: string): readonly Check[] {
  const { git } = found
  const lost = [...(found['home'] === home ? [] : ['HOME']), ...(found['git-config'] ? [] : ['GIT_CONFIG_COUNT'])]
  return [
    ...(git === undefined
      ? []
      : [
          row('K14', 'git in the project', 'warning', git === 'ok', {
            message: git === 'ok' ? 'works' : git,
            fix: 'install git 2.35 or later',
          }),
        ]),
    row('K39', 'environment', 'warning', lost.length === 0, {
      message: lost.length === 0 ? 'arrives as paude sets it' : `lost: ${lost.join(', ')}`,
      fix: 'let no start-up file of a shell unset them',
    }),
  ]
}

const row = (
  id: Check['id'],
  title: string,
  severity: Check['severity'],
  ok: boolean,
  { message, fix }: Pick<Check, 'message' | 'fix'>,
): Check => ({ id, title, severity, ok, message, fix: ok ? '' : fix })
