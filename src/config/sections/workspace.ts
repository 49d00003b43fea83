import { row, text, texts } from '../../key.ts'
import { parseMount } from '../../workspace/mount.ts'

/** What the box sees of this machine's files. */
export const workspace = {
  /** Relative to the project, or absolute in it. */
  protect: row({
    key: 'workspace.protect',
    meaning: 'Further paths of the project that are read-only in the sandbox',
    initial: [] as readonly string[],
    schema: (v) =>
      v.array(
        v.pipe(
          text(v),
          v.check(
            (path) => !/^[/~]/.test(path) && !path.split('/').includes('..') && !/^\.?\/*$/.test(path),
            'must be a path in the project, without ..',
          ),
        ),
      ),
    rule: 'closes',
    withoutBox: 'closes',
  }),
  mount: row({
    key: 'mounts',
    meaning: 'Files and folders to mount, SRC[:DST][:rw], read-only unless rw',
    initial: [] as readonly string[],
    schema: texts,
    rule: 'adds',
    // Whose home and folder it is decides what is meant, not whether it is a mount.
    read: (word) => parseMount(word, { cwd: '/', home: '/' }),
    flags: [
      { name: 'mount', rank: 80, valueHint: 'SRC[:DST][:rw]', description: 'Mount a file or folder, read-only unless :rw' },
    ],
  }),
}
