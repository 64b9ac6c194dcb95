import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { type RunOptions, initStack, preview, up } from "../../local/engine/index.ts";
import { isOwnProviderText } from "../../providers/provider-texts.ts";
import { repository } from "../helpers/project.ts";

export interface SmallProject {
  readonly root: string;
  readonly options: RunOptions;
  /** Runs up with exactly these changes, which its preview told, and once more with none. */
  readonly upAsPreviewed: (changes: object) => Promise<void>;
  /** What the engine wrote down. */
  readonly stateFile: string;
  dispose(): void;
}

/** A project with a program of its own that uses this checkout's providers, and a stack of the embedded engine, `dev`. */
export async function makeSmallProject(
  name: string,
  program: string,
  env: Readonly<Record<string, string>> = {},
): Promise<SmallProject> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), `masumi-${name}-`)));
  for (const part of ["providers", "node_modules", "package.json"])
    symlinkSync(join(repository, part), join(root, part));
  for (const folder of ["infra", "state"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "Pulumi.yaml"), `name: ${name}\nruntime: nodejs\nmain: infra/\n`);
  writeFileSync(join(root, "infra/index.ts"), program);
  const options: RunOptions = {
    projectDir: root,
    stack: "dev",
    stateRoot: join(root, "state"),
    passphrase: "x",
    trustsProvider: isOwnProviderText,
    env,
  };
  await initStack(options);
  return {
    root,
    options,
    stateFile: join(root, `state/.pulumi/stacks/${name}/dev.json`),
    async upAsPreviewed(changes) {
      expect((await preview(options)).changes).toMatchObject(changes);
      expect(await up(options)).toMatchObject({ ok: true, changes });
      const again = await up(options);
      expect(again).toMatchObject({ ok: true, changes: { create: 0, update: 0, replace: 0, delete: 0 } });
    },
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
}
