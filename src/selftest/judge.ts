import type { Receipt } from '../network/receipt.ts'
import { capabilityProbes, mountProbes, neighbourProbes, processProbes } from './box-probes.ts'
import { fileProbes } from './file-probes.ts'
import { networkProbes } from './network-probes.ts'
import { type Area, type Facts, meant, notApplicable, type Probe, type Result, type Want } from './probe.ts'
import { proxyProbes } from './proxy-probes.ts'
import { canaryProbes, secretProbes } from './secret-probes.ts'

/** Every probe, in the order of the report. */
export const probes: readonly Probe[] = [
  ...canaryProbes,
  ...networkProbes,
  ...proxyProbes,
  ...fileProbes,
  ...mountProbes,
  ...capabilityProbes,
  ...processProbes,
  ...neighbourProbes,
  ...secretProbes,
]

/** One row of the report. */
export type Row = {
  readonly id: string
  readonly area: Area
  readonly claim: string
  readonly observed: string
  readonly result: Result
}

/**
 * Areas of which everything is known once the script of the box says that it has come so far. The others also need what is seen from
 * outside, at the end.
 */
export const KNOWN_AFTER: Readonly<Record<string, readonly Area[]>> = {
  proxy: ['network', 'proxy'],
  devices: ['capabilities'],
  files: ['mounts'],
  processes: ['neighbours'],
}

/** What was seen becomes the report. Without a box only the canaries speak, and they say why. */
export function judge(facts: Facts, want: Want): readonly Row[] {
  return probes.map((probe) => {
    const { id, area } = probe
    const { claim, judge } = meant(probe, want)
    const verdict =
      facts['box.refused'] && !canaryProbes.includes(probe) ? notApplicable('the agent was not started') : judge(facts, want)
    return { id, area, claim, ...verdict }
  })
}

/** `key=value` lines; each key gets the prefix. Lines that are none are left out. */
export function readFacts(text: string, prefix: string): Facts {
  const rows = text.split('\n').flatMap((line) => {
    const at = line.indexOf('=')
    return at < 1 ? [] : [[`${prefix}.${line.slice(0, at)}`, line.slice(at + 1)] as const]
  })
  return Object.fromEntries(rows)
}

/** What the box has told of its canaries. */
export const canaryFacts = (receipt: Receipt | null): Facts =>
  Object.fromEntries(
    (receipt?.canaries ?? []).map(({ name, outcome, ok }) => [`canary.${name}`, `${ok ? '' : 'BROKEN '}${outcome}`]),
  )
