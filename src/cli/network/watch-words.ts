/** The keys of `paude network watch`, as its footer, its `?` and `paude help network watch` say them. */
export const WATCH_KEYS: readonly (readonly [key: string, effect: string])[] = [
  ['o', 'allow the selected host for a minute'],
  ['t', 'allow it for ten minutes'],
  ['s', 'allow it in this session'],
  ['p', "allow it here and in the project's paude.toml"],
  ['u', 'allow it here and in your own config.toml'],
  ['n', 'deny it in this session, even if something allows it'],
  ['z', 'undo the last of these keys'],
  ['↑ ↓ j k', 'select; PgUp, PgDn, g and G move further'],
  ['?', 'show these keys, or the table'],
  ['q', 'quit; allowed hosts stay allowed'],
]

const CHANGING = ['allow: o a minute', 't 10 minutes', 's session', 'p project', 'u user', 'n deny', 'z undo']
const LOOKING = ['↑↓ select', '? keys', 'q quit']

/** The footer; where nothing can be allowed any more, without the keys for it. */
export const footWords = (ended: boolean): readonly string[] => (ended ? LOOKING : [...CHANGING, ...LOOKING])
