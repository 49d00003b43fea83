import check from '../../images/check.sh' with { type: 'text' }
import askUser from '../../squid/ask.lua' with { type: 'text' }
import closure from '../../squid/closure' with { type: 'text' }
import proxyImage from '../../squid/Dockerfile' with { type: 'text' }
import accessDenied from '../../squid/ERR_ACCESS_DENIED' with { type: 'text' }
import cannotForward from '../../squid/ERR_CANNOT_FORWARD' with { type: 'text' }
import connectFail from '../../squid/ERR_CONNECT_FAIL' with { type: 'text' }
import dnsFail from '../../squid/ERR_DNS_FAIL' with { type: 'text' }
import forwardingDenied from '../../squid/ERR_FORWARDING_DENIED' with { type: 'text' }
import other from '../../squid/ERR_OTHER' with { type: 'text' }
import astray from '../../squid/ERR_PAUDE_ASTRAY' with { type: 'text' }
import unfound from '../../squid/ERR_PAUDE_UNFOUND' with { type: 'text' }
import unnamed from '../../squid/ERR_PAUDE_UNNAMED' with { type: 'text' }
import unreached from '../../squid/ERR_PAUDE_UNREACHED' with { type: 'text' }
import readError from '../../squid/ERR_READ_ERROR' with { type: 'text' }
import secureConnectFail from '../../squid/ERR_SECURE_CONNECT_FAIL' with { type: 'text' }
import extraCa from '../../squid/extra-ca.crt' with { type: 'text' }
import git from '../../squid/git.c' with { type: 'text' }
import group from '../../squid/group' with { type: 'text' }
import init from '../../squid/init.c' with { type: 'text' }
import logWriter from '../../squid/log.awk' with { type: 'text' }
import mimeNone from '../../squid/mime-none' with { type: 'text' }
import openssl from '../../squid/openssl.cnf' with { type: 'text' }
import passwd from '../../squid/passwd' with { type: 'text' }
import policy from '../../squid/policy' with { type: 'text' }
import proxy from '../../squid/proxy' with { type: 'text' }
import proxyConfig from '../../squid/proxy.cfg' with { type: 'text' }
import queryWriter from '../../squid/query.awk' with { type: 'text' }
import receiptTaker from '../../squid/receipt.lua' with { type: 'text' }
import rename from '../../squid/rename.c' with { type: 'text' }
import roots from '../../squid/roots.lua' with { type: 'text' }
import secret from '../../squid/secret' with { type: 'text' }

/** The proxy's build context: path within it → content. One row for every file of squid/. */
export const proxyContext: Readonly<Record<string, string>> = {
  Dockerfile: proxyImage,
  closure,
  'extra-ca.crt': extraCa,
  ERR_ACCESS_DENIED: accessDenied,
  ERR_CANNOT_FORWARD: cannotForward,
  ERR_CONNECT_FAIL: connectFail,
  ERR_DNS_FAIL: dnsFail,
  ERR_FORWARDING_DENIED: forwardingDenied,
  ERR_OTHER: other,
  ERR_PAUDE_ASTRAY: astray,
  ERR_PAUDE_UNFOUND: unfound,
  ERR_PAUDE_UNNAMED: unnamed,
  ERR_PAUDE_UNREACHED: unreached,
  ERR_READ_ERROR: readError,
  ERR_SECURE_CONNECT_FAIL: secureConnectFail,
  'git.c': git,
  group,
  'init.c': init,
  'ask.lua': askUser,
  'roots.lua': roots,
  'receipt.lua': receiptTaker,
  'log.awk': logWriter,
  'query.awk': queryWriter,
  'mime-none': mimeNone,
  'openssl.cnf': openssl,
  passwd,
  policy,
  proxy,
  'proxy.cfg': proxyConfig,
  'rename.c': rename,
  secret,
}

/** What `paude image check` runs in the image. */
export const checkScript: string = check
