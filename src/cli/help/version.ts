import { READS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: "Print paude's version",
  front: READS,
  examples: [['paude version', "paude's version; paude --version shows the agent's"]],
  run(context) {
    context.answer(`paude ${context.version}`)
    return 0
  },
})
