/** A string of KDL 1, in which zellij reads its files. Whatever is no plain character is written by its number. */
export const kdl = (text: string): string =>
  `"${text.replace(/[\p{C}\p{Z}"\\]/gu, (sign) => (sign === ' ' ? sign : (NAMED[sign] ?? `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`)))}"`

const NAMED: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\' }

/** One pane without a frame or a bar, in which a program runs. */
export const layout = (program: string, words: readonly string[]): string =>
  [
    'layout {',
    `    pane command=${kdl(program)} {`,
    `        args ${words.map(kdl).join(' ')}`,
    '        close_on_exit true',
    '    }',
    '}',
    '',
  ].join('\n')

/** A terminal and nothing else: every key is the agent's, nothing is written down, and nobody listens. */
export const CONFIG = `keybinds clear-defaults=true {
}
default_mode "locked"
pane_frames false
simplified_ui true
mouse_mode false
on_force_close "detach"
session_serialization false
show_startup_tips false
show_release_notes false
web_server false
web_sharing "disabled"
`
