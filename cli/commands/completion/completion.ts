import type { CommandSpec } from "../command.ts";
import { UserError } from "../../../stacks/user-error.ts";
import { fishScript } from "./fish.ts";
import { bashScript, zshScript } from "./posix.ts";
import { type Place, placesOf } from "./places.ts";

const SCRIPTS: Readonly<Record<string, (places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `completion <shell>`: writes the script that the shell reads. */
export function printCompletion(commands: readonly CommandSpec[], shell: string): number {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (!script) {
    throw new UserError(
      `There is no completion for "${shell}": choose from ${Object.keys(SCRIPTS).join(", ")}.`,
    );
  }
  process.stdout.write(script(placesOf(commands)));
  return 0;
}
