import type { Choice, Entry, Vocabulary } from './completion.ts'

/** Completion for fish 3 and later. */
export const fishCompletion = ({
  flags,
  verbs,
}: Vocabulary): string => `# paude completion for fish: paude completion fish | source
function __paude_verb
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip no
    for word in $words
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case ${flags
              .filter(({ takes }) => takes !== 'nothing')
              .map(long)
              .join(' ')}
                set skip yes
            case ${flags.map(({ name, takes }) => (takes === 'nothing' ? `--${name}` : `'--${name}=*'`)).join(' ')}
            case '*'
                printf '%s\\n' $word
                return
        end
    end
end
function __paude_is
    set -l verb (__paude_verb)
    contains -- "$verb" $argv
end
complete -c paude -e
complete -c paude -f -n "__paude_is ''"
${flags.map((flag) => flagLine('', flag)).join('\n')}
${verbs.map(({ name, description }) => `complete -c paude -n "__paude_is ''" -f -a ${name} -d ${text(description)}`).join('\n')}
${verbs.flatMap(verbLines).join('\n')}
`

const long = ({ name }: Choice): string => `--${name}`
const text = (words: string): string => `'${words.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function flagLine(verb: string, { name, description, takes }: Choice): string {
  const value =
    takes === 'nothing' ? '' : takes === 'path' ? ' -r -F' : takes === 'anything' ? ' -x' : ` -x -a ${text(takes.join(' '))}`
  return `complete -c paude -n "__paude_is '${verb}'" -l ${name}${value} -d ${text(description)}`
}

function verbLines({ name, flags, words, sessions }: Entry): readonly string[] {
  const here = `complete -c paude -n "__paude_is '${name}'" -f`
  return [
    here,
    ...(words.length > 0 ? [`${here} -a ${text(words.join(' '))}`] : []),
    ...(sessions ? [`${here} -a '(paude completion sessions 2>/dev/null)'`] : []),
    ...flags.map((flag) => flagLine(name, flag)),
  ]
}
