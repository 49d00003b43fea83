import { afterEach, beforeEach, expect, test } from 'bun:test'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gather } from '../../src/run/gather.ts'
import { ownHome } from './own-home.ts'

let own: ReturnType<typeof ownHome>
beforeEach(() => {
  own = ownHome()
})
afterEach(() => own.remove())

const paths = () => own.look().gather.files.map(({ path }) => path)

test('instructions, rules, skills, agents, commands and styles come; what Claude keeps for itself does not', () => {
  for (const path of [
    ...['CLAUDE.md', 'OTHER.md', 'keybindings.json', 'rules/r.md', 'skills/s/SKILL.md', 'skills/s/bin/run'],
    ...['agents/a.md', 'commands/c/d.md', 'output-styles/o.md'],
  ])
    own.put(`.claude/${path}`, path)
  for (const path of [
    ...['.credentials.json', 'history.jsonl', 'projects/x/y.jsonl', 'todos/t.json', 'shell-snapshots/s.sh', 'plans/p.md'],
    ...['settings.local.json', 'statsig/x', 'skills/s/.env', 'skills/s/deploy.pem', 'skills/s/.git/config'],
  ])
    own.put(`.claude/${path}`, 'private')
  expect(paths().toSorted()).toEqual([
    ...['CLAUDE.md', 'OTHER.md', 'agents/a.md', 'commands/c/d.md', 'keybindings.json', 'output-styles/o.md'],
    ...['rules/r.md', 'skills/s/SKILL.md', 'skills/s/bin/run'],
  ])
  expect(own.look().left).toEqual(['skills/s/.env (may be a credential)', 'skills/s/deploy.pem (may be a credential)'])
})

test('a link into a dotfiles repository is followed, one to a credential or out of the home is named', () => {
  own.put('dotfiles/CLAUDE.md', 'mine')
  own.put('dotfiles/skills/s/SKILL.md', 'mine')
  own.put('.ssh/id_ed25519', 'key')
  own.put('.aws/notes.md', 'key')
  own.link('.claude/CLAUDE.md', '../dotfiles/CLAUDE.md')
  own.link('.claude/skills', join(own.home, 'dotfiles/skills'))
  own.link('.claude/agents/key.md', join(own.home, '.ssh/id_ed25519'))
  own.link('.claude/agents/aws.md', join(own.home, '.aws/notes.md'))
  own.link('.claude/agents/passwd.md', '/etc/passwd')
  own.link('.claude/agents/gone.md', '/nowhere')
  own.link('.claude/rules', '/etc')
  expect(paths()).toEqual(['CLAUDE.md', 'skills/s/SKILL.md'])
  const { left } = own.look()
  for (const name of ['agents/key.md', 'agents/aws.md', 'agents/passwd.md', 'agents/gone.md', 'rules'])
    expect(left.some((one) => one.startsWith(`${name} (`))).toBe(true)
})

test('a link in a folder that a sandbox may write leads nowhere but into that folder', () => {
  own.put('dotfiles/skills/s/SKILL.md', 'mine')
  own.put('dotfiles/skills/shared.md', 'shared')
  own.put('Documents/taxes.md', 'private')
  own.link('dotfiles/skills/s/taxes.md', join(own.home, 'Documents/taxes.md'))
  own.link('dotfiles/skills/s/shared.md', '../shared.md')
  own.link('.claude/skills', join(own.home, 'dotfiles/skills'))
  expect(paths()).toEqual(['skills/s/SKILL.md', 'skills/s/shared.md', 'skills/shared.md'])
  expect(own.look().left).toEqual([`skills/s/taxes.md (leads out of ${own.home}/dotfiles/skills)`])
})

test('where the folder itself is a link, what is in it leads nowhere else either', () => {
  own.put('dotfiles/claude/CLAUDE.md', 'mine')
  own.put('Documents/taxes.md', 'private')
  own.link('dotfiles/claude/taxes.md', join(own.home, 'Documents/taxes.md'))
  rmSync(join(own.home, '.claude'), { recursive: true })
  own.link('.claude', 'dotfiles/claude')
  expect(paths()).toEqual(['CLAUDE.md'])
})

test('a file of a dotfiles repository that became a link leads nowhere but into its folder', () => {
  own.put('other/notes.md', 'private')
  own.put('dotfiles/shared.md', 'shared')
  own.put('dotfiles/.env', 'private')
  own.put('.claude/projects/x.md', 'private')
  own.link('dotfiles/CLAUDE.md', '../other/notes.md')
  own.link('dotfiles/back.md', join(own.home, '.claude/projects/x.md'))
  own.link('dotfiles/env.md', '.env')
  own.link('dotfiles/good.md', 'shared.md')
  own.link('dotfiles/deep', '../other')
  own.link('dotfiles/sub/up', '../../dotfiles')
  own.link('dotfiles/tricked.md', 'sub/up/../other/notes.md')
  for (const name of ['CLAUDE.md', 'back.md', 'env.md', 'good.md', 'tricked.md'])
    own.link(`.claude/${name}`, `../dotfiles/${name}`)
  own.link('.claude/deep.md', join(own.home, 'dotfiles/deep/notes.md'))
  expect(paths()).toEqual(['good.md'])
  const out = `(leads out of ${own.home}/dotfiles)`
  expect(own.look().left.toSorted()).toEqual(
    [
      ...['CLAUDE.md', 'back.md', 'tricked.md'].map((name) => `${name} ${out}`),
      `deep.md (leads out of ${own.home}/dotfiles/deep)`,
      'env.md (may be a credential)',
    ].toSorted(),
  )
})

test('a folder of skills that became a link to another folder does not come', () => {
  own.put('other/private.md', 'private')
  own.link('dotfiles/skills', '../other')
  own.link('.claude/skills', '../dotfiles/skills')
  expect(paths()).toEqual([])
})

test('links that stay in the set-up, and a home behind a link, are as before', () => {
  own.put('.claude/shared/a.md', 'mine')
  own.link('.claude/skills/s/a.md', '../../shared/b.md')
  own.link('.claude/shared/b.md', 'a.md')
  own.put('dotfiles/CLAUDE.md', 'mine')
  symlinkSync(own.home, join(own.room, 'linked'))
  own.host.home = join(own.room, 'linked')
  own.link('.claude/CLAUDE.md', join(own.room, 'linked/dotfiles/CLAUDE.md'))
  expect(paths()).toEqual(['CLAUDE.md', 'skills/s/a.md'])
})

test('a folder that a variable names, or that became a link to another, leads nowhere else', () => {
  own.put('project/claude/CLAUDE.md', 'mine')
  own.put('Documents/taxes.md', 'private')
  own.link('project/claude/taxes.md', '../../Documents/taxes.md')
  Object.assign(own.host.env, { CLAUDE_CONFIG_DIR: join(own.home, 'project/claude') })
  expect(paths()).toEqual(['CLAUDE.md'])
  rmSync(join(own.home, 'project/claude'), { recursive: true })
  own.link('project/claude', '../Documents')
  expect(own.look()).toMatchObject({ gather: { files: [] }, left: [expect.stringContaining('leads out of')] })
  delete (own.host.env as Record<string, string>)['CLAUDE_CONFIG_DIR']
  rmSync(join(own.home, '.claude'), { recursive: true })
  own.link('.claude', 'project/claude')
  expect(paths()).toEqual([])
})

test('links in a circle, names that a terminal acts on, pipes and large files do not come', () => {
  own.put('.claude/skills/s/SKILL.md', 'x')
  own.put('.claude/skills/s/big', Buffer.alloc(5 * 1024 ** 2).toString())
  own.put('.claude/skills/s/\u001b[2J.md', 'x')
  own.link('.claude/skills/s/again', '..')
  Bun.spawnSync(['mkfifo', join(own.home, '.claude/skills/s/pipe')])
  const { left } = own.look()
  expect(paths().every((path) => path.endsWith('SKILL.md'))).toBe(true)
  expect(left.some((one) => one.endsWith('(too deep)'))).toBe(true)
  expect(left).toContain('skills/s/big (too large)')
  expect(left.some((one) => one.endsWith('(a name with control characters)'))).toBe(true)
})

test('the copy is made once, and what has not changed is the same file in the next one', () => {
  own.put('.claude/CLAUDE.md', 'one')
  own.put('.claude/skills/s/run.sh', 'echo', 0o755)
  const first = own.look().gather
  expect(gather(first)).toEqual([])
  expect(own.look().gather.name).toBe(first.name)
  const file = join(own.home, '.claude/CLAUDE.md')
  writeFileSync(file, 'another')
  const second = own.look().gather
  expect(second.name).not.toBe(first.name)
  gather(second)
  const [before, after] = [first, second].map(
    ({ store, name }) =>
      (path: string) =>
        statSync(join(store, name, path)),
  )
  expect(after?.('skills/s/run.sh').ino).toBe(before?.('skills/s/run.sh').ino ?? 0)
  expect([0o700, 0o600]).toEqual([(after?.('skills/s/run.sh').mode ?? 0) & 0o777, (after?.('CLAUDE.md').mode ?? 0) & 0o777])
  expect(readFileSync(join(second.store, second.name, 'CLAUDE.md'), 'utf8')).toBe('another')
})

test('a copy goes when no session names it and no start can have chosen it', () => {
  const made = [1, 2, 3].map((n) => {
    own.put('.claude/CLAUDE.md', String(n))
    const step = own.look().gather
    gather(step)
    return step
  })
  const [first, second] = made
  for (const { store, name } of made) utimesSync(join(store, name), 1, 1)
  mkdirSync(join(first?.users ?? '', 'paude-abc234/seed'), { recursive: true })
  writeFileSync(join(first?.users ?? '', 'paude-abc234/seed/imported'), `${first?.name}\n`)
  own.put('.claude/CLAUDE.md', 'last')
  const last = own.look().gather
  gather(last)
  const left = readdirSync(last.store).filter((name) => !name.endsWith('.json'))
  expect(left.toSorted()).toEqual([first?.name ?? '', last.name].toSorted())
  expect(existsSync(join(last.store, `${second?.name}.json`))).toBe(false)
})

test('a file that holds a secret is left out and returned', () => {
  own.put('.claude/CLAUDE.md', 'fine')
  own.put('.claude/skills/s/notes.md', `token ghp_${'a1B2'.repeat(10)}`)
  const step = own.look().gather
  expect(gather(step)).toEqual(['skills/s/notes.md'])
  expect(existsSync(join(step.store, step.name, 'skills/s/notes.md'))).toBe(false)
})

test('a link that takes the place of a file before it is copied ends the start', () => {
  const file = own.put('.claude/CLAUDE.md', 'fine')
  const secret = own.put('secret', 'fine')
  const step = own.look().gather
  unlinkSync(file)
  symlinkSync(secret, file)
  expect(() => gather(step)).toThrow('changed while it was copied')
  unlinkSync(file)
  linkSync(secret, file)
  expect(() => gather(step)).toThrow('changed while it was copied')
})

test('the copies of other rules go in the same way', () => {
  own.put('.claude/CLAUDE.md', 'one')
  const other = own.look({ pluginsDeny: ['mcp:x'] }).gather
  gather(other)
  utimesSync(join(other.store, other.name), 1, 1)
  own.put('.claude/CLAUDE.md', 'two')
  gather(own.look().gather)
  expect(existsSync(other.store)).toBe(false)
})
