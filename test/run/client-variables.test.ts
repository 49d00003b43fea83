import { expect, test } from 'bun:test'
import { STEERS_CLIENT } from '../../src/run/client-variables.ts'

test.each([
  ...['CONTAINERS_HELPER_BINARY_DIR', 'CONTAINERS_CONF', '_CONTAINERS_USERNS_CONFIGURED', 'CONTAINER_HOST', 'CONTAINER_SSHKEY'],
  ...[
    'PODMAN_USERNS',
    'PODMAN_CONNECTIONS_CONF',
    'BUILDAH_ISOLATION',
    'STORAGE_DRIVER',
    'REGISTRY_AUTH_FILE',
    'LIBPOD_NET_SYSCTL',
  ],
  ...['DOCKER_HOST', 'DOCKER_CONFIG', 'DOCKER_CUSTOM_HEADERS', 'DOCKER_BUILDKIT', 'BUILDKIT_PROGRESS', 'BUILDX_BUILDER'],
  ...[
    'DBUS_SESSION_BUS_ADDRESS',
    'NOTIFY_SOCKET',
    'LISTEN_FDS',
    'LISTEN_PID',
    'WATCHDOG_USEC',
    'XDG_RUNTIME_DIR',
    'XDG_DATA_DIRS',
  ],
  ...['LD_PRELOAD', 'PATH', 'HOME', 'GODEBUG', 'SSL_CERT_FILE', 'SSH_AUTH_SOCK', 'SSH_ASKPASS', 'BASH_ENV', 'GLIBC_TUNABLES'],
])('%s does not stand in the environment of an engine client', (name) => {
  expect(STEERS_CLIENT.test(name)).toBe(true)
})

test.each([
  ...['DOCKER_PASSWORD', 'DOCKER_TOKEN', 'DOCKER_AUTH_CONFIG', 'CONTAINER_REGISTRY_TOKEN', 'REGISTRY_PASSWORD', 'STORAGE_SECRET'],
  ...['AWS_SECRET_ACCESS_KEY', 'GITHUB_TOKEN', 'DATABASE_URL', 'MY_PATH', 'LISTENER', 'SSH_PRIVATE_KEY', 'NODE_ENV'],
])('%s travels in it, since it may be a secret', (name) => {
  expect(STEERS_CLIENT.test(name)).toBe(false)
})
