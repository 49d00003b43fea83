import { type Chosen, recipeOf } from './chosen.ts'
import { grammar as claude } from './claude/grammar.ts'
import { grammar as codex } from './codex/grammar.ts'
import { grammar as gemini } from './gemini/grammar.ts'
import type { Grammar } from './grammar.ts'
import { type AgentName, isAgent, titles } from './names.ts'
import type { Recipe } from './recipe.ts'
import { grammar as shell } from './shell/grammar.ts'

/** How each agent's words are read. Apart from the registry, since every call of paude loads it. */
export const grammars: Readonly<Record<AgentName, Grammar>> = { claude, codex, gemini, shell }

/** How the words of an agent are read, and what it is called; null where there is no such agent. */
export function grammarOf(chosen: Chosen): { readonly grammar: Grammar; readonly title: string } | null {
  const { agent: name } = chosen
  if (isAgent(name)) return { grammar: grammars[name], title: titles[name] }
  const recipe = recipeOf(chosen)
  return recipe === null ? null : { grammar: recipeGrammar(recipe), title: name }
}

/** Of an agent that is data: which of its options take a value is not known, so a word behind one is read as a prompt. */
export const recipeGrammar = ({ prints, resume }: Pick<Recipe, 'prints' | 'resume'>): Grammar => {
  const verbs = prints.filter((word) => !word.startsWith('-'))
  return {
    valued: [],
    variadic: [],
    optional: [],
    switches: [],
    verbs,
    printingVerbs: verbs,
    namingVerbs: [],
    quiet: ['-h', '--help', '-V', '--version'],
    printing: prints.filter((word) => word.startsWith('-')),
    paths: [],
    names: resume.filter((word) => word.startsWith('-')),
    chooses: [],
    elsewhere: [],
    unattended: [],
    once: [],
  }
}
