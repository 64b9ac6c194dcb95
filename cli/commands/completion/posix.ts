import type { Place } from "./places.ts";

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Functions that bash and zsh both understand: what there is at a place, a line each as `word<tab>description`. */
const functionsOf = (places: readonly Place[]): string => `
__masumi_agents_words() {
  case "$1" in
${places
  .map(({ path, candidates }) => {
    const lines = candidates.map(({ word, description }) => `      ${quoted(`${word}\t${description}`)}`);
    return `    ${quoted(path)}) printf '%s\\n' \\\n${lines.join(" \\\n")} ;;`;
  })
  .join("\n")}
  esac
}

__masumi_agents_is_command() {
  case "$1" in
    ${places.flatMap(({ path }) => (path === "" ? [] : [quoted(path)])).join("|")}) return 0 ;;
  esac
  return 1
}

# What the value of an option is: nothing is printed for options that take none.
__masumi_agents_value() {
  case "$1" in
${places
  .flatMap(({ path, values }) =>
    values.map(
      ({ flags, kind }) => `    ${flags.map((flag) => quoted(`${path} ${flag}`)).join("|")}) echo ${kind} ;;`,
    ),
  )
  .join("\n")}
  esac
}

__masumi_agents_argument() {
  case "$1" in
${places
  .filter(({ argument }) => argument !== "none")
  .map(({ path, argument }) => `    ${quoted(path)}) echo ${argument} ;;`)
  .join("\n")}
  esac
}

__masumi_agents_folder() {
  local folder=$PWD
  until [ -f "$folder/Pulumi.yaml" ]; do
    [ "$folder" = / ] && return 1
    folder=$(dirname "$folder")
  done
  printf '%s\\n' "$folder"
}

# Names of files end up in a word list that bash expands: nothing but plain names may get there.
__masumi_agents_known() { __masumi_agents_names "$1" | grep -x '[A-Za-z0-9_.-]*'; }

__masumi_agents_names() {
  local folder file id
  folder=$(__masumi_agents_folder) || return 0
  case "$1" in
    shell) printf '%s\\n' bash zsh fish ;;
    stack)
      echo local
      find "$folder" -maxdepth 1 -name 'Pulumi.?*.yaml' | sed -e 's/.*Pulumi\\.//' -e 's/\\.yaml$//' | grep -vx local
      ;;
    agent)
      find "$folder/agents" -maxdepth 1 -name '*.y*ml' | while IFS= read -r file; do
        id=$(sed -n 's/^id:[[:space:]]*\\([A-Za-z0-9_-]*\\).*/\\1/p' "$file" | head -n 1)
        [ -n "$id" ] || { id=\${file##*/}; id=\${id%.*}; }
        printf '%s\\n' "$id"
      done
      ;;
  esac
}
`;

/** Return the script for bash. */
export const bashScript = (places: readonly Place[]): string => `# Completion of masumi-agents for bash.
${functionsOf(places)}
_masumi_agents() {
  local current=\${COMP_WORDS[COMP_CWORD]} at="" kind="" word index
  for ((index = $1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [ -n "$kind" ]; then kind=""; continue; fi
    kind=$(__masumi_agents_value "$at $word")
    __masumi_agents_is_command "$at $word" && at="$at $word"
  done
  local words IFS=$'\\n'
  if [ -z "$kind" ]; then
    words=$(__masumi_agents_words "$at" | cut -f 1; __masumi_agents_known "$(__masumi_agents_argument "$at")")
    case "$current" in -*) ;; *) words=$(printf '%s\\n' "$words" | grep -v '^-') ;; esac
  elif [ "$kind" = file ]; then
    compopt -o filenames 2> /dev/null
    COMPREPLY=($(compgen -f -- "$current"))
    return
  else
    words=$(__masumi_agents_known "$kind")
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
_masumi_agents_itself() { _masumi_agents 1; }
_masumi_agents_npx() {
  if [ "\${COMP_WORDS[1]}" = masumi-agents ] && [ "$COMP_CWORD" -gt 1 ]; then _masumi_agents 2; fi
}
complete -F _masumi_agents_itself masumi-agents
complete -p npx > /dev/null 2>&1 || complete -o default -F _masumi_agents_npx npx
`;

/** Return the script for zsh. */
export const zshScript = (places: readonly Place[]): string => `#compdef masumi-agents
# Completion of masumi-agents for zsh.
${functionsOf(places)}
_masumi_agents_from() {
  local at="" kind="" word index line
  for ((index = $1; index < CURRENT; index++)); do
    word=\${words[index]}
    if [ -n "$kind" ]; then kind=""; continue; fi
    kind=$(__masumi_agents_value "$at $word")
    __masumi_agents_is_command "$at $word" && at="$at $word"
  done
  if [ "$kind" = file ]; then _files; return; fi
  local -a found known
  if [ -n "$kind" ]; then
    known=("\${(@f)$(__masumi_agents_known "$kind")}")
  else
    for line in "\${(@f)$(__masumi_agents_words "$at")}"; do
      word=\${line%%$'\\t'*}
      case "$word" in -*) [[ "$PREFIX" = -* ]] || continue ;; esac
      found+=("\${word//:/\\\\:}:\${line#*$'\\t'}")
    done
    known=("\${(@f)$(__masumi_agents_known "$(__masumi_agents_argument "$at")")}")
  fi
  known=(\${known:#})
  (( \${#known} )) && compadd -- $known
  (( \${#found} )) && _describe masumi-agents found
}
_masumi_agents() { _masumi_agents_from 2; }
_masumi_agents_npx() {
  if [ "\${words[2]}" = masumi-agents ] && (( CURRENT > 2 )); then _masumi_agents_from 3; else _default; fi
}
if [ "$funcstack[1]" = _masumi_agents ]; then
  _masumi_agents
else
  compdef _masumi_agents masumi-agents
  (( \${+_comps[npx]} )) || compdef _masumi_agents_npx npx
fi
`;
