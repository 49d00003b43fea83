/** What every backend is asked to do, in this order; test/e2e/conformance.ts does it. */
export type Scenario = {
  readonly name: string
  /** Words of the message with which these backends refuse it. */
  readonly refused?: Readonly<Record<string, string>>
  /** Where there is nothing to ask, and why. */
  readonly absent?: Readonly<Record<string, string>>
}

/** Backends and what the table calls them, in its order. */
export const COLUMNS = [
  ['docker', 'docker'],
  ['docker@build', 'docker by ssh'],
  ['podman', 'podman'],
  ['podman@build', 'podman elsewhere'],
  ['kubernetes', 'Kubernetes'],
  ['apple', "imitation of Apple's container"],
  ['zellij', 'zellij'],
] as const

const HAS_NO_SANDBOX = { zellij: 'zellij runs agents only' }
const NO_INSIDE = { zellij: 'there is no sandbox to run a command in' }
const NO_WALL = { zellij: 'runs on zellij' }
const NOTHING_AWAY = { zellij: 'works in your own folder' }
const FOLDER_ITSELF = { zellij: 'the agent works in your folder itself' }

export const SCENARIOS: readonly Scenario[] = [
  { name: 'a dry run makes nothing' },
  { name: 'a start in the background prints the id' },
  { name: 'a second session of that name is refused' },
  { name: 'the session is listed, with its backend' },
  { name: 'what is sent is typed, and the screen shows the answer' },
  { name: 'attach joins on a terminal, and Ctrl-P Ctrl-Q leaves' },
  { name: 'logs have what was shown' },
  { name: 'a command: its streams are its own', refused: HAS_NO_SANDBOX },
  { name: 'a command: it reads stdin to its end', refused: HAS_NO_SANDBOX },
  { name: 'a command: its exit code is that of paude', refused: HAS_NO_SANDBOX },
  { name: 'a command: a death by a signal is 128 and its number', refused: HAS_NO_SANDBOX },
  { name: 'a command: its words arrive as they were', refused: HAS_NO_SANDBOX },
  { name: "a command: the caller's variables stay outside", refused: HAS_NO_SANDBOX },
  { name: 'a command: no such program is 127', refused: HAS_NO_SANDBOX },
  { name: 'exec: streams and exit code are its own', refused: NO_INSIDE },
  { name: 'exec: it reads stdin to its end', refused: NO_INSIDE },
  { name: "wall: the proxy's page is there", refused: NO_INSIDE },
  { name: 'wall: a host that is not allowed is refused', refused: NO_INSIDE },
  { name: 'wall: an address is refused', refused: NO_INSIDE },
  { name: 'wall: there is no way around the proxy', refused: NO_INSIDE },
  { name: 'wall: no name is looked up', refused: NO_INSIDE },
  { name: 'wall: no capability, and none to be had', refused: NO_INSIDE },
  { name: 'wall: the root of the image is read-only', refused: NO_INSIDE },
  { name: 'wall: no credential is in the sandbox', refused: NO_INSIDE },
  { name: 'wall: no socket of an engine is in the sandbox', refused: NO_INSIDE },
  { name: 'network: what is allowed holds at once', refused: NO_WALL },
  { name: 'network: what is denied holds at once', refused: NO_WALL },
  { name: 'network: the log names what was blocked', refused: { zellij: 'zellij has no wall' } },
  { name: 'files: a copy into the sandbox', refused: { zellij: 'cannot run another program' } },
  { name: 'files: a copy out of the sandbox', refused: NO_INSIDE },
  { name: 'work: the session has the project, and makes a commit', refused: NO_INSIDE },
  { name: 'stop: the session stays, and says that it ended' },
  { name: 'stop: exec says what to type', refused: NO_INSIDE },
  { name: 'work: rm refuses while work is there alone', absent: FOLDER_ITSELF },
  { name: 'work: diff shows it, also when stopped', refused: NOTHING_AWAY },
  { name: 'start: it runs again' },
  { name: 'start: work and HOME are still there', refused: NO_INSIDE },
  { name: 'start: its changes of the network are still there', absent: { zellij: 'nothing changes its network' } },
  { name: 'work: pull brings the commit', refused: NOTHING_AWAY },
  { name: 'the end: wait tells the exit code of the agent' },
  { name: 'the end: rm leaves nothing behind' },
]

/** What a conforming backend makes of a scenario. */
export function expectedOf({ refused, absent }: Scenario, backend: string): string {
  if (absent?.[backend] !== undefined) return `absent: ${absent[backend]}`
  return refused?.[backend] === undefined ? 'holds' : `refused: ${refused[backend]}`
}
