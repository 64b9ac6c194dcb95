/** Waits for the end of standard input beside the program, which has no input, and then ends their process group. */
const GUARD =
  'exec 3<&0 </dev/null; (cat <&3 >/dev/null; kill -s INT 0; sleep 5; kill -s KILL 0) & exec "$@" 3<&-';

/**
 * Returns a command as one that does not outlive whoever starts it, however that ends, even by `kill -9`. To be started with a pipe
 * as its standard input, and `detached`, so that its process group is its own.
 */
export const guarded = (command: string, ...args: string[]): [command: string, args: string[]] => [
  "/bin/sh",
  ["-c", GUARD, "guard", command, ...args],
];
