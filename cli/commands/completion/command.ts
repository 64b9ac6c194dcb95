import type { CommandSpec } from "../command.ts";

/** The command that completes all others, and itself. */
export function completionOf(commands: readonly CommandSpec[]): CommandSpec {
  const completion: CommandSpec = {
    name: "completion",
    description: "print what completes commands, options, stacks and agents in your shell",
    arguments: [["<shell>", "bash, zsh or fish"]],
    examples: [
      "completion bash >> ~/.bashrc",
      "completion zsh >> ~/.zshrc        # after compinit",
      "completion fish > ~/.config/fish/completions/masumi-agents.fish",
    ],
    notes: ["It completes masumi-agents, and what follows npx masumi-agents."],
    runAnywhere: async (shell: string) =>
      (await import("./completion.ts")).printCompletion([...commands, completion], shell),
  };
  return completion;
}
