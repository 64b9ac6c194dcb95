const left = new Set<() => void>();

process.on("exit", () => {
  for (const tidy of left) tidy();
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** Has `tidy` called when this process ends early; the function returned calls it now, and never again. */
export function tidyAtExit(tidy: () => void): () => void {
  left.add(tidy);
  return () => {
    if (left.delete(tidy)) tidy();
  };
}
