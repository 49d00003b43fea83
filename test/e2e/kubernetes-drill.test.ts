import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { binary, cleanUp, home, makeProject, paude, poll, startPaude } from './support.ts'
import { makeTerminals } from './terminal.ts'

/** A cluster whose node is processes of this machine, which alone can be killed: `up` of PAUDE_TEST_CLUSTER writes where they are. */
const kubeconfig = process.env['PAUDE_TEST_KUBECONFIG'] ?? ''
const nodeFile = join(dirname(kubeconfig), 'inner-pid')
const asked = (process.env['PAUDE_TEST_BACKENDS'] ?? '').split(',').includes('kubernetes')
const canKill = asked && kubeconfig !== '' && existsSync(nodeFile)
if (asked && !canKill) console.log('!!! NOT TESTED: parts of a cluster that are killed, since its node is not on this machine')

const namespace = `paude-drill-${process.pid}`
const PATIENCE = 240_000
const env = { KUBECONFIG: kubeconfig }
const cwd = makeProject()
const { open, stop: stopTerminals } = makeTerminals()

const on = (...words: readonly string[]) => paude(words, { env, cwd })
const inside = (script: string) => on('exec', 'drill', '--', 'bash', '-c', script)

function kubectl(...words: readonly string[]): string {
  const all = ['kubectl', `--kubeconfig=${kubeconfig}`, `--namespace=${namespace}`, ...words]
  const { stdout, stderr, exitCode } = Bun.spawnSync(all, { cwd: '/' })
  if (exitCode !== 0) throw new Error(`kubectl ${words.join(' ')}: ${stderr}`)
  return stdout.toString()
}

/** Ids of the processes of the cluster's node, and of nothing else on this machine, that run this part of it. */
function processesOf(part: string): readonly number[] {
  const space = readlinkSync(`/proc/${readFileSync(nodeFile, 'utf8').trim()}/ns/pid`)
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const [, word] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      return word === part && readlinkSync(`/proc/${name}/ns/pid`) === space ? [Number(name)] : []
    } catch {
      return [] // it has ended
    }
  })
}

/** Kills a part, and waits until the node has started another one. */
async function killPart(part: string): Promise<void> {
  const killed = processesOf(part)
  expect(killed.length, part).toBe(1)
  for (const pid of killed) process.kill(pid, 'SIGKILL')
  await poll(`${part} is another process`, () => processesOf(part).some((pid) => !killed.includes(pid)))
}

const answers = () =>
  Bun.spawnSync(['kubectl', `--kubeconfig=${kubeconfig}`, 'get', '--raw=/readyz'], { cwd: '/' }).exitCode === 0
const podOf = (role: string) =>
  kubectl('get', 'pods', `--selector=paude.role=${role}`, '--output=jsonpath={.items[*].metadata.uid}')

/** Tries the ways out of the sandbox again and again while parts of the cluster go, and writes down each that is open, and each round. */
const WATCHER = (places: readonly string[]) =>
  [
    'while :; do',
    ...places.map((place) => `timeout 1 bash -c 'exec 3<>/dev/tcp/${place}' 2>/dev/null && echo ${place} >>/tmp/open`),
    'echo round >>/tmp/rounds; sleep 0.1; done',
  ].join('\n')
const rounds = async () => (await inside('wc -l </tmp/rounds')).stdout.trim()
const opened = async () => (await inside('cat /tmp/open 2>/dev/null; echo end')).stdout.trim()

describe.skipIf(!canKill)('a session whose cluster loses a part', () => {
  beforeAll(() => {
    kubectl('create', 'namespace', namespace)
    kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted')
    mkdirSync(join(home, '.config/paude'), { recursive: true })
    writeFileSync(
      join(home, '.config/paude/config.toml'),
      `backend = "kubernetes"\nagent = "shell"\n[kubernetes]\nnamespace = "${namespace}"\nlimits = ["ephemeral-storage=64Mi"]\n`,
    )
  })
  afterAll(async () => {
    await stopTerminals()
    kubectl('delete', 'namespace', namespace, '--wait=false')
    cleanUp()
  })

  test(
    'goes on in the same pod behind its wall when the API server, the kubelet and the proxy go, and starts again when its own pod goes',
    async () => {
      const started = await on('--workspace', 'clone', '--network', 'restricted', '--session-name', 'drill', '--detach')
      expect({ code: started.code, stderr: started.code === 0 ? '' : started.stderr }).toEqual({ code: 0, stderr: '' })
      const service = kubectl('get', 'service', 'kubernetes', '--namespace=default', '--output=jsonpath={.spec.clusterIP}')
      const server = /https:\/\/([\d.]+):(\d+)/.exec(kubectl('config', 'view', '--minify')) ?? []
      const places = [`${server[1]}/${server[2]}`, `${service}/443`, `${server[1]}/10250`, '10.244.0.1/10250']
      const watch = 'setsid nohup bash -c "$1" >/dev/null 2>&1 & echo kept >work.txt'
      expect((await on('exec', 'drill', '--', 'bash', '-c', watch, 'watch', WATCHER(places))).code).toBe(0)
      await poll('ways are tried', async () => Number(await rounds()) > 0)
      const agent = podOf('agent')

      const terminal = await open({ cwd, env: { ...env, PATH: process.env['PATH'] ?? '' } })
      await terminal.start(`${binary} attach drill`)
      await terminal.enter('echo be"fore"')
      await terminal.see(/^before$/m)

      await killPart('kube-apiserver')
      await poll('the API server answers', answers)
      await poll('the session runs', async () => (await on('sessions')).stdout.includes('running'))
      expect(podOf('agent')).toBe(agent)
      // What is typed while the stream is joined again is lost.
      await poll('the terminal is there again', async () => {
        await terminal.press('Enter')
        await terminal.enter('echo af"ter"').catch(() => undefined)
        return /^after$/m.test(await terminal.screen())
      })
      expect(await terminal.detach()).toBe(0)

      await killPart('kubelet')
      await poll('the sandbox is reached', async () => (await inside('true')).code === 0)
      expect(podOf('agent')).toBe(agent)

      const proxy = podOf('proxy')
      kubectl('delete', 'pod', '--selector=paude.role=proxy', '--wait=true')
      expect(podOf('proxy')).not.toBe(proxy)
      await poll('the new proxy answers', async () =>
        (await inside('curl -s --max-time 2 http://paude.internal/')).stdout.includes('paude (policy'),
      )
      expect(podOf('agent')).toBe(agent)
      const tried = Number(await rounds())
      await poll('ways are still tried', async () => Number(await rounds()) > tried)
      expect(await opened()).toBe('end')

      kubectl('delete', 'pod', '--selector=paude.role=agent', '--wait=true')
      await poll('the session has ended', async () => /drill\s+exited 137/.test((await on('sessions')).stdout))
      expect((await on('start', 'drill')).code).toBe(0)
      expect((await inside('cat work.txt')).stdout).toBe('kept\n')
      const again = places.map((place) => `timeout 3 bash -c 'exec 3<>/dev/tcp/${place}' 2>/dev/null && echo ${place}`).join('; ')
      expect((await inside(`${again}; echo end`)).stdout).toBe('end\n')
    },
    PATIENCE,
  )

  test(
    'a start and a removal that lose the API server leave a session that starts, and one that is removed',
    async () => {
      expect((await on('stop', 'drill')).code).toBe(0)
      const start = startPaude(['start', 'drill'], { env, cwd })
      await poll('the start is under way', () => podOf('proxy') !== '')
      await killPart('kube-apiserver')
      const { code, stderr } = await start.done
      await poll('the API server answers', answers)
      // Kubectl may have had no call open: then nothing was lost. Else it is told in a sentence.
      if (code !== 0)
        expect(stderr).toMatch(/cluster does not answer|connection to the cluster was cut|API server of the cluster/)
      if (code !== 0) expect((await on('start', 'drill')).code).toBe(0)
      expect((await inside('cat work.txt')).stdout).toBe('kept\n')

      const removal = startPaude(['rm', '--force', '--volumes', 'drill'], { env, cwd })
      await poll('the removal is under way', () => podOf('proxy') === '' || kubectl('get', 'jobs', '--output=name') === '')
      await killPart('kube-apiserver')
      const removed = await removal.done
      await poll('the API server answers', answers)
      if (removed.code !== 0) expect((await on('rm', '--force', '--volumes', 'drill')).code).toBe(0)
      const all = 'job,pod,deployment,service,secret,configmap,networkpolicy,persistentvolumeclaim'
      await poll('nothing is left', () => kubectl('get', all, '--selector=paude.id', '--output=name') === '')
    },
    PATIENCE,
  )

  test(
    'is stopped at once when its node evicts it, and starts again',
    async () => {
      const began = await on(...['--workspace', 'clone', '--network', 'restricted', '--session-name', 'drill', '--detach'])
      expect({ code: began.code, stderr: began.code === 0 ? '' : began.stderr }).toEqual({ code: 0, stderr: '' })
      await inside('echo kept >work.txt; head -c 200M /dev/zero >/tmp/large')
      const reason = () => kubectl('get', 'pods', '--selector=paude.role=agent', '--output=jsonpath={.items[*].status.reason}')
      await poll('the node evicts the pod', () => reason().includes('Evicted'), 120)
      expect((await on('sessions')).stdout).toMatch(/drill\s+exited/)
      const before = performance.now()
      expect((await on('stop', 'drill')).code).toBe(0)
      expect((performance.now() - before) / 1000).toBeLessThan(10)
      expect((await on('start', 'drill')).code).toBe(0)
      expect((await inside('cat work.txt')).stdout).toBe('kept\n')
      expect((await on('rm', '--force', '--volumes', 'drill')).code).toBe(0)
    },
    PATIENCE,
  )
})
