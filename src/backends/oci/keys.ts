import { extraFlagFault } from '../../box/extra-flags.ts'
import { PaudeError } from '../../errors.ts'
import { row } from '../../key.ts'

const extraFlags = (engine: string) =>
  row({
    key: `${engine}.extra_flags`,
    meaning: `Further flags for ${engine}, harmless ones only`,
    initial: [] as readonly string[],
    schema: (v) => v.array(v.string()),
    rule: 'adds',
    lines: true,
    read: requireHarmless,
  })

function requireHarmless(flag: string): void {
  const fault = extraFlagFault(flag)
  if (fault !== null) throw new PaudeError('refused', fault)
}

/** `[docker]` and `[podman]`. */
export const ociKeys = { dockerFlags: extraFlags('docker'), podmanFlags: extraFlags('podman') }
