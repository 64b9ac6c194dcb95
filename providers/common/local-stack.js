/* Plain JavaScript without packages: the launcher reads it on any Node >= 20, and the program on the one that it got. */

/** The stack that commands mean where none is named. */
export const LOCAL_STACK = "local";

/**
 * Return whether a stack is this machine's alone and runs on the embedded engine: `local`, and any `local-<name>`. Every other stack
 * belongs to the real Pulumi CLI.
 *
 * @param {string} stack
 */
export const isLocalStack = (stack) => stack === LOCAL_STACK || /^local-[A-Za-z0-9_.-]+$/.test(stack);

/**
 * Return the stack if its files on this machine are apart from those of the project's other stacks, as those of a `local-<name>` are;
 * undefined if it shares them, as `local` always did with the stacks of the real CLI.
 *
 * @param {string} stack
 */
export const separateStack = (stack) => (isLocalStack(stack) && stack !== LOCAL_STACK ? stack : undefined);

/**
 * Return the folder below .masumi of what a stack keeps for itself on this machine; "" if that is .masumi itself.
 *
 * @param {string | undefined} stack
 */
export const stackFolder = (stack) => {
  const own = stack === undefined ? undefined : separateStack(stack);
  return own === undefined ? "" : `stacks/${own}`;
};
