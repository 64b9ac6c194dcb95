/* Plain JavaScript without packages: the launcher reads it on any Node >= 20, and the program on the one that it got. */
import { realpathSync } from "node:fs";
import { sep } from "node:path";
import { isLocalStack } from "./local-stack.js";

/** Lets a Node that an npm package brought run other stacks than local ones, too. */
export const NPM_NODE_VARIABLE = "MASUMI_BUNDLED_NODE";

/**
 * Return whether a Node is one that an npm package brought, instead of one that was installed on the machine. npm and npx put it first on
 * PATH, so that it may run what nobody meant it for.
 *
 * @param {string} execPath
 */
export const isNpmNode = (execPath) => realpathSync(execPath).includes(`${sep}node_modules${sep}`);

/**
 * Return why a stack is not run on such a Node; undefined if it may be. The packages are one person's, and the commands of other stacks
 * than local hold keys of real money.
 *
 * @param {string} stack
 * @param {string | undefined} asked the variable's value
 */
export const refusalOfNpmNode = (stack, asked) =>
  isLocalStack(stack) || asked === "1"
    ? undefined
    : {
        what:
          `The stack ${stack} needs a Node >= 22.18 that is installed on this machine. The one that npm installed runs local stacks ` +
          "only, because a single person publishes it and commands for this stack handle your keys.",
        remedy:
          "Install Node 22.18 or newer, which npx masumi-agents then finds; run pulumi itself without npx, which would put npm's Node " +
          `first on PATH. To use npm's Node anyway, set ${NPM_NODE_VARIABLE}=1.`,
      };
