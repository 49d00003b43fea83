import { API_KEY } from '../../credentials/providers.ts'
import { PaudeError } from '../../errors.ts'
import { quote } from '../../plan/shell.ts'

/** What a unit is made of. No secret: the credential comes from a file that is only named. */
export type LoginUnit = {
  /** paude's own path. */
  readonly program: string
  /** File of `NAME=value` lines that the user may make; it need not exist. */
  readonly credentials: string
  /** Variables that decide which engine and which sessions are meant. */
  readonly environment: Readonly<Record<string, string>>
  /** Where launchd puts what paude says. */
  readonly log: string
}

/** Seconds in which an engine must have come up. */
const PATIENCE = 300

/** A unit of systemd --user. */
export function systemdUnit({ program, credentials, environment }: LoginUnit): string {
  requirePlain([program, credentials, ...Object.values(environment)])
  return [
    '# Starts the sessions that ran when the machine went down. To install it:',
    '#   paude service --systemd > ~/.config/systemd/user/paude.service',
    '#   systemctl --user enable paude.service',
    '# To start at boot without a login: loginctl enable-linger',
    '# paude stores no credential for this. Write it into the file below, readable only for you:',
    `#   (umask 077; echo "${API_KEY.variable}=$${API_KEY.variable}" > ${quote(credentials)})`,
    '[Unit]',
    'Description=paude: start the sessions that ran before',
    '',
    '[Service]',
    'Type=oneshot',
    ...Object.entries(environment).map(([name, value]) => `Environment=${systemdWord(`${name}=${value}`)}`),
    // Not unquoted by systemd, but expanded as a pattern.
    `EnvironmentFile=-${credentials.replaceAll('%', '%%').replaceAll(/[*?[\\]/g, '\\$&')}`,
    // The colon: no variables are looked for in the words.
    `ExecStart=:${caller(program)}${systemdWord(program)} up --all --timeout ${PATIENCE}`,
    '# What the engines started for the sessions must outlive this unit.',
    'KillMode=process',
    'RemainAfterExit=yes',
    '',
    '[Install]',
    'WantedBy=default.target',
    '',
  ].join('\n')
}

/** A property list of a launch agent. */
export function launchdAgent({ program, credentials, environment, log }: LoginUnit): string {
  requirePlain([program, credentials, log, ...Object.values(environment)])
  // launchd knows no file of variables.
  const script = `[ ! -r "$1" ] || { set -a; . "$1"; }; exec "$0" up --all --timeout ${PATIENCE}`
  const strings = (values: readonly string[]) => values.map((value) => `    <string>${xml(value)}</string>`)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<!-- Starts the sessions that ran when the machine went down. To install it:',
    '       paude service > ~/Library/LaunchAgents/paude.up.plist',
    '       launchctl load ~/Library/LaunchAgents/paude.up.plist',
    `     paude stores no credential for this: write a line ${API_KEY.variable}=... into the last file below,`,
    '     readable only for you (chmod 600). -->',
    '<plist version="1.0">',
    '<dict>',
    '  <key>Label</key>',
    '  <string>paude.up</string>',
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...strings(['/bin/sh', '-c', script, program, credentials]),
    '  </array>',
    '  <key>EnvironmentVariables</key>',
    '  <dict>',
    ...Object.entries(environment).flatMap(([name, value]) => [
      `    <key>${xml(name)}</key>`,
      `    <string>${xml(value)}</string>`,
    ]),
    '  </dict>',
    '  <key>RunAtLoad</key>',
    '  <true/>',
    '  <key>AbandonProcessGroup</key>',
    '  <true/>',
    '  <key>StandardErrorPath</key>',
    `  <string>${xml(log)}</string>`,
    '</dict>',
    '</plist>',
    '',
  ].join('\n')
}

/** systemd starts no program with quotes in its path, but hands them on as words. */
const caller = (program: string): string => (/["'\\]/.test(program) ? `/bin/sh -c 'exec "$0" "$@"' ` : '')

/** One word of systemd's own quoting. */
const systemdWord = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`

const xml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Neither format can hold every byte a path can. */
function requirePlain(values: readonly string[]): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those are looked for
  const odd = values.find((value) => /[\u0000-\u001f\u007f\ufffd]/.test(value) || !value.isWellFormed())
  if (odd !== undefined)
    throw new PaudeError('unsupported', `a unit cannot hold the path ${JSON.stringify(odd)}`, {
      hint: 'move paude to a path without control characters',
    })
}
