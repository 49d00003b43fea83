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

/** Whether a short value may be one: nobody writes so many letters and digits in one word otherwise. */
export const looksSecret = (value: string): boolean =>
  holdsSecret(value) ||
  value
    .split(/[\s=:,;"']+/)
    .some((word) => /^[\w+/.~-]{24,}$/.test(word) && !/[/.]\w+[/.]/.test(word) && /\d/.test(word) && /[A-Za-z]/.test(word))

/** Names of files that hold credentials, wherever they lie. */
export const SECRET_FILE =
  /^(\.env(\..*)?|\.netrc|\.npmrc|\.pypirc|\.git-credentials|\.?credentials(\.\w+)?|id_(rsa|dsa|ecdsa|ed25519)\w*|.*\.(pem|key|p12|pfx|jks|keystore|kdbx))$/i
