/**
 * Returns the images that a Dockerfile builds on and does not name by digest, so that their registry may change them between an
 * approval and the build.
 */
export function movableBases(dockerfile: string): string[] {
  const lines = dockerfile.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/);
  const stages = new Set(["scratch"]);
  const found: string[] = [];
  for (const line of lines) {
    const [, image, stage] = /^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?/i.exec(line) ?? [];
    const [, copied] = /^\s*COPY\s+(?:--\S+\s+)*?--from=(\S+)/i.exec(line) ?? [];
    const named = image ?? (copied !== undefined && /^\d+$/.test(copied) ? undefined : copied);
    if (named !== undefined && !stages.has(named.toLowerCase()) && !/@sha256:[0-9a-f]{64}$/.test(named)) {
      found.push(named);
    }
    if (stage !== undefined) stages.add(stage.toLowerCase());
  }
  return [...new Set(found)];
}
