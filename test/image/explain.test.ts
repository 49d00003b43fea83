import { describe, expect, test } from 'bun:test'
import { engineWords, explain } from '../../src/backends/oci/explain.ts'
import type { ErrorCode } from '../../src/errors.ts'
import docker from '../fixtures/docker/errors.json'
import podman from '../fixtures/podman/errors.json'

type Expected = readonly [code: ErrorCode, message: string | RegExp, hint?: RegExp]

// Real stderr of docker 28 on engine 20.10 and of podman 4.3; a recording without a row here fails.
const both = {
  'pull-never': ['image-missing', /has no image localhost\/paude\/none:1$/, /^paude image build/],
  'inspect-missing': ['image-missing', /has no image localhost\/paude\/none:1$/],
  'unknown-host': ['registry', 'cannot reach the registry of registry.invalid/team/tool:1', /network/],
  'run-unknown-host': ['registry', 'cannot reach the registry of registry.invalid/team/tool:1'],
  refused: ['registry', 'cannot reach the registry of 127.0.0.1:5056/team/tool:1'],
  authentication: ['registry', /wants a login for 127\.0\.0\.1:5055\/private\/tool:1/, /login 127\.0\.0\.1:5055;/],
  forbidden: ['registry', /wants a login for 127\.0\.0\.1:5055\/forbidden\/tool:1/],
  'rate-limit': ['registry', /allows no more downloads/],
  'bad-gateway': ['registry', /\(502 Bad Gateway\)$/],
  'tag-unknown': ['image-missing', 'the registry has no image 127.0.0.1:5055/unknowntag/tool:1'],
  'name-unknown': ['image-missing', 'the registry has no image 127.0.0.1:5055/team/tool:1'],
  'name-conflict': ['name-taken', /already has something named rec-x$/],
  'volume-in-use': ['refused', /^volume paude-home-claude-0123456789abcdef is used by another session$/, /--volumes/],
  'network-conflict': ['name-taken', /already has something named rec-net$/],
  'memory-minimum': ['usage', /^the memory limit is too low/, /--memory/],
  'mount-missing': ['not-found', / cannot mount \/srv\/nowhere: it does not exist there$/],
  'program-missing': ['command-not-found', 'the image has no program nosuchprogram'],
  'program-not-executable': ['not-executable', '/etc/passwd cannot be executed in the image'],
  'no-such-container': ['not-found', /has no container rec-none$/],
  'inspect-container': ['not-found', /has no container rec-none$/],
  'unknown-flag': ['backend-old', /does not know --no-such-flag$/],
  'build-base-missing': ['image-missing', /has no image$/],
  'build-step-failed': ['command-failed', "a step of the image's build failed with exit code 3"],
  'build-copy-missing': ['command-failed', /build failed with exit code \d+: .*nowhere/],
  'user-unknown': [
    'command-failed',
    /run failed with exit code 12\d: unable to find user nosuchuser: no matching entries in passwd file$/,
  ],
  'port-taken': ['command-failed', /address already in use$/],
  'certificate-of-another': [
    'registry',
    'the certificate of the registry of 192.0.2.2:7701/team/tool:1 is for another host (127.0.0.1)',
    /name of the registry/,
  ],
  'disk-full-run': ['disk-full', /^no space left where/, /system df/],
  'other-processor': ['unsupported', /another processor/],
} as const satisfies Record<string, Expected>

const expectations = {
  docker: {
    ...both,
    'build-apt-offline': ['command-failed', "a step of the image's build failed with exit code 100"],
    'engine-down': ['backend-down', 'docker does not answer at unix:///run/rec/none.sock'],
    'engine-down-tcp': ['backend-down', 'docker does not answer at tcp://127.0.0.1:5057'],
    'engine-down-ssh': ['backend-down', 'docker does not answer'],
    'context-missing': ['backend-down', 'docker has no context named rec-none', /DOCKER_CONTEXT/],
    'socket-denied': ['backend-denied', "no permission to use docker's socket", /docker group/],
    'client-too-new': ['backend-old', /too old for API version 1\.50$/],
    'client-too-old': ['backend-old', /speaks API version 1\.10/],
    'invalid-reference': ['usage', 'not the name of an image: Bad Name'],
    'disk-full-copy': ['disk-full', /^no space left where docker/],
  },
  podman: {
    ...both,
    'plain-http': ['registry', /has no TLS$/],
    'short-name': ['image-missing', 'podman does not know where nosuchtool:1 comes from', /docker\.io\/library\/nosuchtool:1$/],
    'build-apt-offline': ['command-failed', /cannot reach the servers of its packages$/],
    'engine-down': ['backend-down', 'podman does not answer at /run/rec/none.sock'],
    'engine-down-tcp': ['backend-down', 'podman does not answer at 127.0.0.1:5057'],
    'connection-missing': ['backend-down', 'podman has no connection named rec-none'],
    'keep-id-root': ['backend-old', /keep-id/],
    'host-gateway': ['backend-old', /host-gateway/],
    'disk-full-step': ['disk-full', /^no space left where podman/],
  },
} as const satisfies Record<string, Record<string, Expected>>

const recordings = { docker, podman }

for (const engine of ['docker', 'podman'] as const)
  describe(engine, () => {
    const expected: Readonly<Record<string, Expected>> = expectations[engine]
    test.each(Object.entries(recordings[engine]))('%s', (name, failure) => {
      const error = explain({ engine, stdout: '', ...failure })
      const [code, message, hint = /^/] = expected[name] ?? []
      expect(error.code).toBe(code as ErrorCode)
      if (typeof message === 'string') expect(error.message).toBe(message)
      else expect(error.message).toMatch(message ?? 'an expectation')
      expect(error.hint).toMatch(hint)
      expect(`${error.message}${error.hint}`).not.toMatch(/[.!]$| {2}|undefined/)
    })
  })

// Texts of engines that do not run here, from their sources.
test.each([
  ['docker', 'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock', 'backend-denied'],
  ['docker', 'failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct', 'backend-down'],
  ['docker', 'pull access denied for team/tool, repository does not exist or may require authorization', 'registry'],
  ['docker', 'tls: failed to verify certificate: x509: certificate signed by unknown authority', 'registry'],
  ['docker', 'ERROR: failed to solve: executor failed running [/bin/sh -c exit 3]: exit code: 3', 'command-failed'],
  ['docker', 'ERROR: failed to solve: process "/bin/sh -c exit 3" did not complete successfully: exit code: 3', 'command-failed'],
  [
    'docker',
    'failed to do request: Head "https://registry.example/v2/tool/manifests/1": dial tcp: lookup registry.example: no such host',
    'registry',
  ],
  ['podman', 'OCI runtime error: crun: container init was OOM-killed (memory limit too low?)', 'usage'],
  ['podman', 'cannot find UID/GID for user dev: no subuid ranges found for user "dev" in /etc/subuid', 'backend-denied'],
] as const)('%s: %s', (engine, stderr, code) => {
  const error = explain({ engine, argv: [engine, 'run', 'registry.example/tool:1'], code: 125, stdout: '', stderr })
  expect(error.code).toBe(code)
  // A row of its own, not the last resort that repeats what was said.
  expect(error.message).not.toContain('failed with exit code 125')
})

test.each([
  [
    'docker',
    'registry.example:5000/tool:1',
    /^.*\/etc\/docker\/certs\.d\/registry\.example:5000\/ca\.crt; --ca-file does not reach docker pull$/,
  ],
  ['podman', 'team/tool:1', /\/etc\/containers\/certs\.d\/REGISTRY\/ca\.crt; --ca-file does not reach podman pull$/],
] as const)('where %s looks for the certificate of a registry is said', (engine, image, hint) => {
  const stderr = 'Get "https://registry/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority'
  const error = explain({ engine, argv: [engine, 'pull', image], code: 1, stdout: '', stderr })
  expect([error.code, error.message]).toEqual([
    'registry',
    `${engine} does not trust the certificate of the registry of ${image}`,
  ])
  expect(error.hint).toMatch(hint)
})

test('a registry whose certificate is out of date is told apart from one that is not trusted', () => {
  const stderr = 'Get "https://registry/v2/": x509: certificate has expired or is not yet valid: current time 2020-01-01'
  const error = explain({ engine: 'docker', argv: ['docker', 'pull', 'tool:1'], code: 1, stdout: '', stderr })
  expect([error.message, error.hint]).toEqual([
    'the certificate of the registry of tool:1 is not valid today',
    "check this machine's clock with date, then try again",
  ])
})

test('what nobody foresaw shows program, verb, exit code and all the engine said', () => {
  const error = explain({
    engine: 'docker',
    argv: ['docker', 'volume', 'create', 'x'],
    code: 7,
    stdout: '',
    stderr: 'Error response from daemon: odd\nodder\n',
  })
  expect([error.code, error.message]).toEqual(['command-failed', 'docker volume create failed with exit code 7: odd\nodder'])
})

test('colours and what engines always say are left out', () => {
  const colour = String.fromCharCode(27)
  const stderr = `DEPRECATED: The legacy builder is deprecated\n   https://docs.example/go/buildx/\n\n${colour}[91mreal${colour}[0m\nRun 'docker run --help' for more information\n`
  expect(engineWords(stderr)).toBe('real')
})

test('what a failed build says may stand on stdout', () => {
  const failure = { argv: ['docker', 'build', '.'], code: 1, stdout: 'E: no space left on device\n', stderr: 'returned 1\n' }
  expect(explain({ engine: 'docker', ...failure }).code).toBe('disk-full')
  expect(explain({ engine: 'docker', ...failure, argv: ['docker', 'run'] }).code).toBe('command-failed')
})

test('what a hostile Dockerfile printed last does nothing to a terminal', () => {
  const stdout = 'STEP 2\n\x1b]52;c;eA==\x07\x1b]0;title\x07\x1b[2A\x1b[31mred\x1b[0m\n50%\r100%\r\n'
  const argv = ['docker', 'build', '.'] as const
  const { message } = explain({ engine: 'docker', argv, code: 1, stdout, stderr: '' })
  expect(message).not.toMatch(/(?!\n)\p{Cc}/u)
  expect(message).toEndWith('red\n100%')
})
