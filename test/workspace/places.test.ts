import { describe, expect, test } from 'bun:test'
import { objectToMount, objectToWorkspace } from '../../src/workspace/places.ts'

/** Judged by their words: most of these places are on other machines. */
const judge = (path: string, home = '/home/nobody-here') => objectToWorkspace(path, { home, env: {} })

describe('a project may lie', () => {
  test.each([
    ['/home/other/project', '/home/nobody-here'],
    ['/opt/project', '/home/nobody-here'],
    ['/srv/www', '/home/nobody-here'],
    ['/data', '/home/nobody-here'],
    ['/workspaces/project', '/home/nobody-here'],
    ['/mnt/c/Users/me/project', '/home/nobody-here'],
    ['/media/me/disk', '/home/nobody-here'],
    ['/run/media/me/disk', '/home/nobody-here'],
    ['/var/tmp/x', '/home/nobody-here'],
    ['/var/www/site', '/home/nobody-here'],
    ['/var/home/me/project', '/home/nobody-here'],
    ['/private/tmp/x', '/home/nobody-here'],
    ['/private/var/folders/ab/T/x', '/home/nobody-here'],
    ['/Volumes/Disk/project', '/home/nobody-here'],
    ['/Users/me/project', '/home/nobody-here'],
    ['/var/lib/no-such-service/project', '/var/lib/no-such-service'],
    ['/root/project', '/root'],
    ['/bin2', '/home/nobody-here'],
    ['/etcetera', '/home/nobody-here'],
  ])('in %s, when HOME is %s', (path, home) => {
    expect(judge(path, home)).toBeNull()
  })
})

describe('a project may not lie', () => {
  test.each([
    ['/run/media', '/home/nobody-here'],
    ['/run/user/1000', '/home/nobody-here'],
    ['/var/folders', '/home/nobody-here'],
    ['/var/lib/no-such-service/project', '/home/nobody-here'],
    ['/private/var/folders', '/home/nobody-here'],
    ['/private/tmp', '/home/nobody-here'],
    ['/private/etc/x', '/home/nobody-here'],
    ['/System/Volumes', '/home/nobody-here'],
    ['/Library/x', '/home/nobody-here'],
    ['/Applications', '/home/nobody-here'],
    ['/Users', '/home/nobody-here'],
    ['/Volumes', '/home/nobody-here'],
    ['/mnt/c', '/home/nobody-here'],
    ['/nix/store/x', '/home/nobody-here'],
    ['/root/project', '/home/nobody-here'],
    ['/etc/x', '/etc'],
    ['/usr/x', '/'],
    ['/usr/x', ''],
  ])('in %s, when HOME is %s', (path, home) => {
    expect(judge(path, home)?.final).toBe(false)
  })

  test.each(['/', '/proc/1/root', '/sys/x', '/dev/shm/x'])('in %s, ever', (path) => {
    expect(judge(path)?.final).toBe(true)
    expect(judge(path, path)?.final).toBe(true)
  })
})

describe('an extra mount', () => {
  const mount = (path: string, home = '/home/nobody-here') => objectToMount(path, { home, env: {} })

  test.each(['/usr/share/dict', '/opt', '/srv', '/data', '/run/media/me/disk', '/var/tmp/x', '/home/other/project'])(
    'may be %s',
    (path) => {
      expect(mount(path)).toBeNull()
    },
  )

  test.each(['/run/media', '/run/docker.sock', '/var/run/docker.sock', '/var/lib', '/var/lib/docker/x', '/var/lib/containers'])(
    'is not %s',
    (path) => {
      expect(mount(path)).not.toBeNull()
    },
  )

  test('may come from the home of root, for root', () => {
    expect(mount('/root/notes', '/root')).toBeNull()
    expect(mount('/root/notes')).not.toBeNull()
    expect(mount('/dev/shm/home/notes', '/dev/shm/home')).not.toBeNull()
  })
})
