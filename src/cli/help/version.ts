import { defineCommand } from 'citty'
import type { Context } from '../../context.ts'

export default (context: Context) =>
  defineCommand({
    meta: { name: 'version', description: "Print paude's version (paude --version prints Claude's as well)" },
    run() {
      context.answer(`paude ${context.version}`)
      return 0
    },
  })
