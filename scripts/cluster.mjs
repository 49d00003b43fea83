import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canInstall, ensurePackages } from './packages.mjs'
import { forwardSignals, has, lastLines, main, run, step } from './steps.mjs'

/** Where the programs of a test cluster are kept once they are built: that takes ten minutes. */
const BUILT = join(homedir(), '.cache/kubetest')

/** What a cluster that is started here writes. Not the place that its programs choose: a cluster that runs there is somebody else's. */
const STATE = '/var/lib/paude-test-cluster'

/** What its node is made of. */
const PACKAGES = [
  ...['containerd', 'runc', 'containernetworking-plugins', 'iptables', 'ipset', 'iproute2', 'procps', 'openssl'],
  'busybox-static',
]

/** Folder with the programs of a test cluster, `build`, `up`, `load` and `down`; '' where none is named. */
export const clusterPrograms = () => process.env.PAUDE_TEST_CLUSTER ?? ''

/** Whether somebody named a cluster to test on. */
export const isClusterNamed = () => clusterPrograms() !== '' || (process.env.PAUDE_TEST_KUBECONFIG ?? '') !== ''

/** Why a cluster cannot be tested on; '' where it answers. */
export async function whyNoCluster(kubeconfig = process.env.PAUDE_TEST_KUBECONFIG ?? '') {
  if (!has('kubectl')) return 'kubectl is not installed'
  if (kubeconfig === '') return 'PAUDE_TEST_KUBECONFIG names no cluster'
  try {
    await run(['kubectl', `--kubeconfig=${kubeconfig}`, '--request-timeout=10s', 'get', '--raw=/readyz'], { cwd: '/' })
    return ''
  } catch (error) {
    return lastLines(error.message, 1)
  }
}

/** The cluster that PAUDE_TEST_KUBECONFIG names, else one that PAUDE_TEST_CLUSTER brings up. Throws why there is none. */
export async function startCluster() {
  const named = process.env.PAUDE_TEST_KUBECONFIG ?? ''
  if (named !== '') return { kubeconfig: await requireAnswer(named), stop: () => {} }
  // The cluster's own script gives up on a machine that has never heard of one of them.
  if (canInstall()) await ensurePackages(PACKAGES)
  await build()
  // After a signal no step starts any more, and this one must.
  const stop = () => spawnSync(program('down'), [STATE], { stdio: 'ignore', cwd: '/', timeout: 60_000 })
  try {
    const said = await step('starts the cluster', () => run([program('up'), BUILT, STATE], { cwd: '/' }))
    return { kubeconfig: await requireAnswer(/^KUBECONFIG=(.+)$/m.exec(said)?.[1] ?? ''), stop }
  } catch (error) {
    stop()
    throw error
  }
}

/** Hands images of an engine over to the cluster, unless it has them: it can pull none. */
export async function loadImages(engine, references, kubeconfig) {
  if (clusterPrograms() === '') return
  const nodes = await run(['kubectl', `--kubeconfig=${kubeconfig}`, 'get', 'nodes', '--output=json'], { cwd: '/' })
  const there = JSON.parse(nodes).items.flatMap(({ status }) => (status.images ?? []).flatMap(({ names }) => names ?? []))
  for (const reference of references.filter((one) => !there.includes(one)))
    await step(`loads ${reference} into the cluster`, () =>
      run(['sh', '-c', '"$1" save "$2" | "$3" "$4"', 'sh', engine, reference, program('load'), dirname(kubeconfig)], {
        cwd: '/',
      }),
    )
}

const program = (name) => join(clusterPrograms(), name)

async function requireAnswer(kubeconfig) {
  const why = await whyNoCluster(kubeconfig)
  if (why !== '') throw new Error(why)
  return kubeconfig
}

/** Ends at once when all of it is there. Whoever comes second waits for the first. */
async function build() {
  if (!existsSync(program('build'))) throw new Error(`${program('build')} is not there`)
  mkdirSync(BUILT, { recursive: true })
  await step('builds the cluster', () => run(['flock', join(BUILT, 'lock'), program('build'), BUILT], { cwd: '/' }))
}

// In the background, long before the tests that need it.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  forwardSignals()
  await main(async () => {
    await build()
    return 0
  })
}
