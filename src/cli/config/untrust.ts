import { revokeHere } from '../../project/standing.ts'
import { requirePrivate } from '../../state.ts'
import { ACTS } from '../front-flags.ts'
import { verb } from '../verb.ts'

export default verb({
  description: "Stop trusting a project's configuration",
  front: ACTS,
  examples: [
    ['paude untrust', 'the files of this project'],
    ['paude untrust ~/src/old', 'all files below a folder'],
  ],
  args: {
    path: { type: 'positional', description: 'File or folder (default: the project around this directory)' },
  },
  run(context, given) {
    requirePrivate(context.host)
    return revokeHere(context, given.path)
  },
})
