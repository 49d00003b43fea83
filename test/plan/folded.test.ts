import { expect, test } from 'bun:test'
import { exec, folder, guard, write } from '../../src/plan/plan.ts'
import { renderFolded, renderPlan } from '../../src/plan/render.ts'

const plan = [
  folder('/srv/session'),
  guard(
    ['docker', 'image', 'inspect', 'box:1'],
    [
      write('/srv/context/Dockerfile', 'FROM scratch\nRUN true\n'),
      exec(['docker', 'build', '/srv/context'], { title: 'building image box:1' }),
    ],
  ),
  write('/srv/session/squid.conf', 'http_port 3128\n'.repeat(40), 0o644),
  exec(['docker', 'create', '--name=one', 'box:1']),
]

test('a folded script has every command in full, and files and image builds as a line each', () => {
  const text = renderFolded(plan)
  for (const part of [
    'docker create --name=one box:1',
    '# building image box:1',
    '# with 1 file',
    '# writes /srv/session/squid.conf, mode 0644: 600 bytes',
  ])
    expect(text).toContain(part)
  for (const part of ['http_port', 'docker build', 'FROM scratch']) expect(text).not.toContain(part)
})

test('a folded script does nothing when it is run, and the full one is what runs', () => {
  const { exitCode, stderr } = Bun.spawnSync(['sh', '-c', renderFolded(plan)])
  expect([exitCode, stderr.toString()]).toEqual([2, ''])
  expect(renderPlan(plan)).toContain('http_port 3128')
  expect(Bun.spawnSync(['sh', '-n', '-c', renderFolded(plan)]).exitCode).toBe(0)
})
