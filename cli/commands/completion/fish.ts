import type { Place } from "./places.ts";

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

const cases = (lines: readonly string[]): string => lines.map((line) => `        ${line}`).join("\n");

/** Return the script for fish. */
export const fishScript = (places: readonly Place[]): string => `# Completion of masumi-agents for fish.
function __masumi_agents_words
    switch $argv[1]
${cases(
  places.map(({ path, candidates }) => {
    const words = candidates.map(({ word, description }) => quoted(`${word}\t${description}`));
    return `case ${quoted(path)}\n            printf '%s\\n' ${words.join(" ")}`;
  }),
)}
    end
end

function __masumi_agents_is_command
    contains -- $argv[1] ${places.flatMap(({ path }) => (path === "" ? [] : [quoted(path)])).join(" ")}
end

# What the value of an option is: nothing is printed for options that take none.
function __masumi_agents_value
    switch $argv[1]
${cases(
  places.flatMap(({ path, values }) =>
    values.map(
      ({ flags, kind }) =>
        `case ${flags.map((flag) => quoted(`${path} ${flag}`)).join(" ")}\n            echo ${kind}`,
    ),
  ),
)}
    end
end

function __masumi_agents_argument
    switch $argv[1]
${cases(
  places
    .filter(({ argument }) => argument !== "none")
    .map(({ path, argument }) => `case ${quoted(path)}\n            echo ${argument}`),
)}
    end
end

function __masumi_agents_known
    set -l folder $PWD
    while not test -f $folder/Pulumi.yaml
        test $folder = /; and return
        set folder (dirname $folder)
    end
    switch "$argv[1]"
        case shell
            printf '%s\\n' bash zsh fish
        case stack
            echo local
            find $folder -maxdepth 1 -name 'Pulumi.?*.yaml' | sed -e 's/.*Pulumi\\.//' -e 's/\\.yaml$//' | grep -vx local
        case agent
            for file in (find $folder/agents -maxdepth 1 -name '*.y*ml')
                set -l id (sed -n 's/^id:[[:space:]]*\\([A-Za-z0-9_-]*\\).*/\\1/p' $file)[1]
                test -n "$id"; or set id (string replace -r '\\.[^.]*$' '' (basename $file))
                string match -r '^[A-Za-z0-9_-]+$' -- $id
            end
    end
end

function __masumi_agents_complete
    set -l at ''
    set -l kind ''
    set -l words (commandline -opc)
    # npx masumi-agents …
    test $words[1] = npx; and set -e words[1]
    for word in $words[2..-1]
        if test -n "$kind"
            set kind ''
            continue
        end
        set kind (__masumi_agents_value "$at $word")
        __masumi_agents_is_command "$at $word"; and set at "$at $word"
    end
    if test "$kind" = file
        __fish_complete_path (commandline -ct)
    else if test -n "$kind"
        __masumi_agents_known $kind
    else
        __masumi_agents_words $at
        __masumi_agents_known (__masumi_agents_argument $at)
    end
end

function __masumi_agents_is_npx
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test "$words[2]" = masumi-agents
end

complete -c masumi-agents -f -a '(__masumi_agents_complete)'
complete -c npx -n __masumi_agents_is_npx -f -a '(__masumi_agents_complete)'
`;
