import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { twins, variableOf } from '../../src/config/keys/own-flags.ts'
import { allRows, rowOf } from '../../src/config/sections/rows.ts'
import { type Machine, makeMachine } from '../support/machine.ts'

const names = twins.map(variableOf)

test('a key without a flag has the variable of its name, unless its value is a table, yours alone, or read in files only', () => {
  for (const name of [
    'PAUDE_IMAGE_VARIANT',
    'PAUDE_IMAGE_PACKAGES',
    'PAUDE_NETWORK_UPSTREAM_PROXY',
    'PAUDE_WORKSPACE_ON_FINDING',
    'PAUDE_KUBERNETES_NAMESPACE',
  ])
    expect(names).toContain(name)
  for (const name of [
    'PAUDE_AGENTS',
    'PAUDE_NOTIFY',
    'PAUDE_PROVIDER_API_KEY',
    'PAUDE_PROVIDER_BASE_URL',
    'PAUDE_AGENT_ARGS',
    'PAUDE_CREDENTIALS',
  ])
    expect(names).not.toContain(name)
  expect(new Set(names).size).toBe(names.length)
  // None takes the place of what a flag says.
  for (const { key, name } of twins)
    if (rowOf(key).flags === undefined)
      expect(allRows.some(([, { flags = [] }]) => flags.some((flag) => flag.name === name))).toBe(false)
})

describe('such a variable', () => {
  let machine: Machine
  beforeEach(() => {
    machine = makeMachine(['docker'])
  })
  afterEach(() => machine.dispose())
  const show = (env: Record<string, string>, ...words: string[]) =>
    machine.paude(['config', 'show', '--origin', ...words], { env })
  const line = (text: string, key: string) => text.split('\n').find((one) => one.startsWith(`${key} `)) ?? ''

  test('wins over files, and is told by its name', async () => {
    machine.write(join(machine.home, '.config/paude/config.toml'), '[image]\nvariant = "slim"\npackages = ["nodejs"]\n')
    const env = {
      PAUDE_IMAGE_VARIANT: 'full',
      PAUDE_IMAGE_PACKAGES: 'ruby, make',
      PAUDE_NETWORK_IP: 'ipv4',
      PAUDE_DOCKER_EXTRA_FLAGS: '--ulimit=nofile=64:64\n--ulimit=core=0',
    }
    const { code, stdout, stderr } = await show(env)
    expect(code).toBe(0)
    expect(stderr).not.toContain('PAUDE_')
    expect(line(stdout, 'image.variant')).toMatch(/full +# .*PAUDE_IMAGE_VARIANT/)
    for (const name of ['nodejs', 'ruby', 'make']) expect(stdout).toMatch(new RegExp(`^[ a-z.]+ ${name} `, 'm'))
    expect(line(stdout, 'network.ip')).toContain('ipv4')
    expect(line(stdout, 'docker.extra_flags')).toContain('--ulimit=nofile=64:64')
  })

  test.each([
    ['PAUDE_IMAGE_VARIANT', 'fat', 'must be one of slim, full'],
    ['PAUDE_IMAGE_PACKAGES', 'nodejs,$(rm)', '$(rm)'],
    ['PAUDE_NETWORK_DNS', 'not-an-address', 'not-an-address'],
    ['PAUDE_NETWORK_BANDWIDTH', 'fast', 'fast'],
    ['PAUDE_DOCKER_EXTRA_FLAGS', '--privileged', '--privileged'],
    ['PAUDE_IMAGE_BASE', '--privileged', '--privileged'],
  ])('is refused as a file would be: %s=%s', async (name, value, said) => {
    const { code, stderr } = await machine.paude(['--dry-run'], {
      env: { [name]: value, ANTHROPIC_API_KEY: 'sk-ant-api03-of-the-test' },
    })
    expect(code).toBe(125)
    expect(stderr).toContain(said)
    expect(stderr).toContain(name)
  })
})
