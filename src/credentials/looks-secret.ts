/** Names whose values belong into no file of configuration. */
export const SECRET_NAME = new RegExp(
  `(${[
    'TOKEN|SECRETS?|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|SECRET_KEY_BASE',
    // Alone or as the last word: BYPASS, SPAT and OLDPWD are none.
    '(^|_|DB|PG)PASS|(^|_)PAT|_PWD',
    '(API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|MASTER|ACCOUNT|DEPLOY|AUTH|SSH)_?KEY',
  ].join('|')})$`,
  'i',
)

/** How well-known secrets begin, with the length that tells them from an example. */
const KNOWN = new RegExp(
  [
    'sk-ant-[a-z]+\\d\\d-[\\w-]{20,}',
    'sk-(proj-)?[A-Za-z0-9]{32,}',
    'gh[pousr]_[A-Za-z0-9]{30,}',
    'github_pat_\\w{40,}',
    'glpat-[\\w-]{18,}',
    'xox[abeoprs]-[\\w-]{20,}',
    'AKIA[0-9A-Z]{16}',
    'AIza[\\w-]{35}',
    'npm_[A-Za-z0-9]{36}',
    'eyJ[\\w-]{10,}\\.eyJ[\\w-]{10,}\\.[\\w-]{10,}',
    '-----BEGIN [A-Z ]*PRIVATE KEY',
  ].join('|'),
)

/** Whether a text holds a secret of a well-known kind. */
export const holdsSecret = (text: string): boolean => KNOWN.test(text)

/** Names of variables, options, headers and keys whose values are secrets. */
export const isSecretName = (name: string): boolean => {
  const plain = name.replaceAll('-', '_')
  return SECRET_NAME.test(plain) || /(^|_)(AUTH|AUTHORIZATION|PW|COOKIES?|SIG|SIGNATURE|JWT|BEARER)$|^X_\w*KEY$/i.test(plain)
}

/** A reference to a variable, with the scheme before it. */
const REFERENCE = /(\b([Bb]earer|[Bb]asic|[Tt]oken) +)?(\$\{\w+(:-)?\}|\$[A-Z_]{1,40}(?!\w))/g

/** What pins an image. */
const DIGEST = /@sha256:[0-9a-f]{64}\b/g

/** Stands for a reference: no value begins with it. */
const GAP = '\uFFFC'

/** `NAME=value` and `Header: value`, also with quotes. */
const NAMED = /(?<![\w-])([\w-]+)["']?[ \t]*(?:=|:[ \t]*)["']?[^\s"'&;*)=\uFFFC]/g

/** `--token value`. */
const OPTION = /(?<![^\s"'(])(--?[\w-]+)(?:=|\s+)["']?[^\s"'\uFFFC-]/g
const SECRET_OPTION = /token|secret|passw(or)?d|api-?key/i

/** `scheme://user@`, and what drivers of Go write instead. */
const USER = /:\/\/[:\uFFFC]*[^:@/\s\uFFFC][^/\s]*@|[^\s:/@\uFFFC]:[^\s@\uFFFC]{1,200}@(tcp|udp|unix)\(/

/** Whether a text of any form may hold a secret: a command, an address, a header, a rule. References to variables are none. */
export function mayHoldSecret(text: string): boolean {
  const rest = text.replace(REFERENCE, GAP).replace(DIGEST, '')
  const addresses = rest.match(/\w:\/\/\S+/g) ?? []
  const words = [rest, ...addresses.map((one) => one.replaceAll('/', ' '))].flatMap((one) =>
    one.split(/[\s=:,;"'`()[\]{}<>|&?#$@*!%\\]+/),
  )
  return (
    holdsSecret(rest) ||
    USER.test(rest) ||
    [...rest.matchAll(OPTION)].some(([, option = '']) => SECRET_OPTION.test(option)) ||
    [...rest.matchAll(NAMED)].some(([, name = '']) => isSecretName(name)) ||
    words.some(isRandom)
  )
}

/** Nobody writes so many letters and digits in one word otherwise. */
const isRandom = (word: string): boolean =>
  /\d/.test(word) &&
  /[A-Za-z]/.test(word) &&
  ((/^[\w+/.~-]{24,}$/.test(word) && !/[/.]\w+[/.]/.test(word) && !isPlain(word)) ||
    // A key of AWS can look like a path.
    (/^[A-Za-z0-9+][A-Za-z0-9+/]{39}$/.test(word) && /[a-z]/.test(word) && /[A-Z]/.test(word)))

/** Names with a version or a date: `claude-sonnet-4-5-20250929`. */
const isPlain = (word: string): boolean =>
  /[-_.~+/]/.test(word) && word.split(/[-_.~+/]/).every((part) => /^([A-Za-z]{0,20}|\d{1,8}|[A-Za-z]{1,12}\d{1,2})$/.test(part))

/** Names of files that hold credentials, wherever they lie. */
export const SECRET_FILE =
  /^(\.env(\..*)?|\.netrc|\.npmrc|\.pypirc|\.git-credentials|\.?credentials(\.\w+)?|id_(rsa|dsa|ecdsa|ed25519)\w*|.*\.(pem|key|p12|pfx|jks|keystore|kdbx))$/i
