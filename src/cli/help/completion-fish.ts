import { bare, type Choice, type Entry, type Offer, type Vocabulary, valued, type Word } from './vocabulary.ts'

/** Completion for fish 3 and later. */
export const fishCompletion = (vocabulary: Vocabulary): string => `# paude completion for fish: paude completion fish | source
# Looked at once for a line: every one of the rules below asks for it.
function __paude_look
    set -l line (commandline -cp | string collect)
    set -q __paude_verb; and test "$line" = "$__paude_line"; and return
    set -g __paude_line $line
    set -g __paude_verb ''
    set -g __paude_word ''
    set -g __paude_count 0
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip no
    for word in $words
        if test $skip = yes
            set skip no
            continue
        end
        switch $word
            case --
                set __paude_verb --
                return
            case ${valued(vocabulary).map(long).join(' ')}
                set skip yes
            case ${bare(vocabulary).map(long).join(' ')} '--*=*'
            case '*'
                if test -z "$__paude_verb"
                    set __paude_verb $word
                    # Whatever follows a word that is not ours is not ours either.
                    contains -- $word ${vocabulary.verbs.map(({ name }) => name).join(' ')}; or return
                else if test -z "$__paude_word"
                    set __paude_word $word
                else
                    set __paude_count (math $__paude_count + 1)
                end
        end
    end
end
function __paude_is
    __paude_look
    test "$__paude_verb" = "$argv[1]"; or return 1
    set -q argv[2]; or return 0
    test "$__paude_word" = "$argv[2]"; or return 1
    set -q argv[3]; or return 0
    test "$__paude_count" = "$argv[3]"
end
complete -c paude -e
complete -c paude -f -n "__paude_is ''"
${vocabulary.flags.map((flag) => flagLine("''", flag)).join('\n')}
${vocabulary.verbs.map(({ name, description }) => `complete -c paude -n "__paude_is ''" -f -a ${name} -d ${text(description)}`).join('\n')}
${vocabulary.verbs.flatMap(verbLines).join('\n')}
`

const long = ({ name }: Choice): string => `--${name}`
const text = (words: string): string => `'${words.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

function offered(offer: Exclude<Offer, 'path'>): string {
  if (offer === 'anything') return ''
  return ` -a ${text(typeof offer === 'string' ? `(paude completion ${offer} 2>/dev/null)` : offer.join(' '))}`
}

function flagLine(place: string, { name, description, takes }: Choice): string {
  const value = takes === 'nothing' ? '' : takes === 'path' ? ' -r -F' : ` -x${offered(takes)}`
  return `complete -c paude -n "__paude_is ${place}" -l ${name}${value} -d ${text(description)}`
}

function verbLines({ name, flags, words, sessions }: Entry): readonly string[] {
  const place = words.length === 0 ? name : `${name} ''`
  const here = `complete -c paude -n "__paude_is ${place}" -f`
  return [
    `complete -c paude -n "__paude_is ${name}" -f`,
    ...(words.length > 0 ? [`${here}${offered(words.map((word) => word.name))}`] : []),
    ...(sessions && words.length === 0 ? [`${here}${offered('sessions')}`] : []),
    ...flags.map((flag) => flagLine(place, flag)),
    ...words.flatMap((word) => wordLines(name, word)),
  ]
}

const wordLines = (verb: string, { name, flags, places, many }: Word): readonly string[] => [
  ...places.flatMap((offer, at) => {
    if (offer === 'path' || offer === 'anything') return []
    const place = many && at === places.length - 1 ? `${verb} ${name}` : `${verb} ${name} ${at}`
    return [`complete -c paude -n "__paude_is ${place}" -f${offered(offer)}`]
  }),
  ...flags.map((flag) => flagLine(`${verb} ${name}`, flag)),
]
