import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { engineNames } from './engines.mjs'
import { has, run } from './steps.mjs'

/** Folders for PATH with further engines to test, as PAUDE_TEST_ENGINES names them. */
export const engineFolders = () => (process.env.PAUDE_TEST_ENGINES ?? '').split(delimiter).filter((folder) => folder !== '')

/** Folders of this machine that the root of those engines shows; a client that starts in another one ends with an error. */
const VISIBLE = ['/root', '/home', '/tmp', '/var/tmp', '/work', '/srv']

/**
 * Makes a folder for PATH from one that holds docker and podman: each podman of a machine needs a network of its own, since they
 * share the network namespace but not the list of addresses that are in use.
 */
export async function besides(folder, number) {
  const missing = engineNames.filter((name) => !existsSync(join(folder, name)))
  if (missing.length > 0) throw new Error(`${folder} has no ${missing.join(' and no ')}`)
  // Beside the engines: their own root shows few folders of this machine, and the checkout need not be in one of them.
  const own = join(dirname(folder), 'for-tests')
  const networks = join(own, 'networks')
  const bridge = `paude-test${number}`
  mkdirSync(networks, { recursive: true })
  writeFileSync(join(networks, 'podman.json'), JSON.stringify(network(bridge, number)))
  writeFileSync(join(own, 'containers.conf'), `[network]\nnetwork_config_dir = "${networks}"\n`)
  const visible = `case $PWD/ in ${VISIBLE.map((place) => `${place}/*`).join(' | ')}) ;; *) cd / ;; esac`
  program(join(own, 'docker'), [visible, `exec '${join(folder, 'docker')}' "$@"`])
  program(join(own, 'podman'), [
    visible,
    `CONTAINERS_CONF_OVERRIDE='${join(own, 'containers.conf')}' exec '${join(folder, 'podman')}' "$@"`,
  ])
  // dockerd has everything dropped that it does not know, and newer podmans add no rule where that is decided.
  if (has('iptables'))
    for (const way of ['-i', '-o']) {
      const rule = ['FORWARD', way, bridge, '-j', 'ACCEPT']
      await run(['iptables', '-C', ...rule]).catch(() => run(['iptables', '-I', ...rule]))
    }
  return own
}

function program(file, lines) {
  writeFileSync(file, `#!/bin/sh\n${lines.join('\n')}\n`)
  chmodSync(file, 0o755)
}

const network = (bridge, number) => ({
  name: 'podman',
  id: String(number).repeat(64).slice(0, 64),
  driver: 'bridge',
  network_interface: bridge,
  subnets: [{ subnet: `10.${90 + number}.0.0/16`, gateway: `10.${90 + number}.0.1` }],
  ipv6_enabled: false,
  internal: false,
  dns_enabled: false,
  ipam_options: { driver: 'host-local' },
})
