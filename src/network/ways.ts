import { PaudeError } from '../errors.ts'
import { quoted } from '../text.ts'
import { HOST_NAME } from './names.ts'
import { parseExcept } from './pattern.ts'
import { readRange } from './ranges.ts'

/** How the proxy itself gets out. */
export type Ways = {
  readonly upstream: Upstream | null
  /** Addresses of name servers; empty for those of the engine. */
  readonly dns: readonly string[]
  /** `ipv4`: neither asked for in DNS nor connected to is anything of IPv6. */
  readonly ip: Ip
  /** Bytes a second that may come in; 0 for no limit. Nothing limits what goes out. */
  readonly bandwidth: number
}

export type Ip = 'any' | 'ipv4'

/** A proxy that everything goes through, such as a company's. */
export type Upstream = {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** Patterns of hosts that are reached directly. */
  readonly except: readonly string[]
  /** Where `name:password` stands, `env:NAME` or `file:PATH`; '' for none. */
  readonly credentials: string
}

export const DIRECT: Ways = { upstream: null, dns: [], ip: 'any', bandwidth: 0 }

/** The keys of `[network]` as they are written; '' for what is not. */
export type WrittenWays = {
  readonly upstreamProxy: string
  readonly upstreamCredentials: string
  readonly upstreamExcept: readonly string[]
  readonly dns: readonly string[]
  readonly ip: Ip
  readonly bandwidth: string
}

/** Reads the keys; throws `config` for what squid could not do. */
export function readWays({ upstreamProxy, upstreamCredentials, upstreamExcept, dns, ip, bandwidth }: WrittenWays): Ways {
  if (upstreamProxy === '' && (upstreamCredentials !== '' || upstreamExcept.length > 0))
    throw wrong('network.upstream_proxy is missing', 'also name the proxy: upstream_proxy = "http://proxy.example:3128"')
  const six = ip === 'any' ? undefined : [...dns, URL.parse(upstreamProxy)?.hostname ?? ''].find((one) => one.includes(':'))
  if (six !== undefined)
    throw wrong(`network.ip: with "ipv4" paude cannot reach ${quoted(six)}`, 'use an IPv4 address, or leave ip = "ipv4" out')
  return {
    upstream:
      upstreamProxy === ''
        ? null
        : { ...readUpstream(upstreamProxy), except: upstreamExcept.map(parseExcept), credentials: upstreamCredentials },
    dns: dns.map(readNameServer),
    ip,
    bandwidth: readBandwidth(bandwidth),
  }
}

/** The address of a name server. Throws `config`. */
export function readNameServer(text: string): string {
  if (readRange(`${text}/${text.includes(':') ? 128 : 32}`) !== null) return text
  throw wrong(`network.dns: ${quoted(text)} is not an IP address`, 'write the address of a name server, such as "10.0.0.53"')
}

/** An address in the one spelling that all of its spellings have in common; what is none stays as it is. */
export function heldAddress(text: string): string {
  const url = URL.parse(text)
  return url === null ? text : url.href.replace(/\/$/, '')
}

/** Where an upstream proxy is. Throws `config`. */
export function readUpstream(text: string): Pick<Upstream, 'scheme' | 'host' | 'port'> {
  const url = URL.parse(text)
  const hint = 'write http://HOST:PORT or https://HOST:PORT'
  if (url === null || !/^https?:$/.test(url.protocol) || !/^\/?$/.test(url.pathname + url.search + url.hash))
    throw wrong(`network.upstream_proxy: ${quoted(text.replace(/\/\/[^@/]*@/, '//…@'))} is not a proxy`, hint)
  if (url.username !== '' || url.password !== '')
    throw wrong(
      'network.upstream_proxy: it must not hold a password',
      'write upstream_credentials = "env:NAME" or "file:PATH" instead',
    )
  if (/^(localhost|127\..*|\[::1\])$/.test(url.hostname))
    throw wrong(
      `network.upstream_proxy: ${quoted(text)} is the loopback of the proxy container`,
      `write ${url.protocol}//${HOST_NAME}:${url.port || 'PORT'} for a proxy on this machine; it must also listen on the engine's bridge`,
    )
  const secure = url.protocol === 'https:'
  return {
    scheme: secure ? 'https' : 'http',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (secure ? 443 : 80)),
  }
}

/** Bytes a second; 0 for no limit. Throws `config`. */
export function readBandwidth(text: string): number {
  if (text === '' || text === 'none') return 0
  const [, digits = '', unit = ''] = /^([1-9]\d{0,5})([km])$/i.exec(text) ?? []
  if (digits === '')
    throw wrong(`network.bandwidth: ${quoted(text)} is not a speed`, 'write bytes per second with a unit, like "500k" or "5m"')
  return Number(digits) * (unit.toLowerCase() === 'k' ? 1024 : 1024 ** 2)
}

const wrong = (message: string, hint: string): PaudeError => new PaudeError('config', message, { hint })
