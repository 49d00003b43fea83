/** What a picture of the whole terminal begins and ends with: the shell's own lines come back behind it. */
export const TAKE_SCREEN = '\x1b[?1049h\x1b[?25l'
export const GIVE_BACK = '\x1b[?25h\x1b[?1049l'

/** The rows of a table of which one is chosen: as many as there is room for, that one among them. */
export function selectable(
  body: readonly string[],
  { chosen, room, columns }: { readonly chosen: number; readonly room: number; readonly columns: number },
): readonly string[] {
  const first = Math.max(0, chosen - room + 1)
  return body.slice(first, first + room).map((line, index) => {
    const cut = Bun.sliceAnsi(line, 0, columns - 2)
    return first + index === chosen ? `\x1b[7m> ${Bun.stripANSI(cut)}\x1b[0m` : `  ${cut}`
  })
}

/** Lines in place of what the terminal shows. */
export const picture = (lines: readonly string[]): string =>
  `\x1b[H${lines.map((line) => `${line}\x1b[0m\x1b[K`).join('\r\n')}\x1b[J`
