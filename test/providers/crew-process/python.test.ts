import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { repository } from "../../helpers/project.ts";

it("an installer ends with whoever started it, even when that is killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "python-"));
  const began = join(folder, "began");
  try {
    const python = join(folder, "python");
    // It is usable, and making an environment takes for ever.
    writeFileSync(python, `#!/bin/sh\n[ "$1" = -c ] && exit 0\necho $$ > "${began}"\nexec sleep 600\n`);
    chmodSync(python, 0o755);
    mkdirSync(join(folder, "crew/installer"), { recursive: true });
    for (const file of ["installer/requirements.txt", "pyproject.toml", "uv.lock"])
      writeFileSync(join(folder, "crew", file), "");
    const module = pathToFileURL(join(repository, "providers/crew-process/local/python.ts")).href;
    const options = { crewFolder: join(folder, "crew"), venv: join(folder, "venv") };
    const program = `import("${module}").then((it) => it.ensurePythonEnvironment(${JSON.stringify(options)}))`;
    const child = spawn(process.execPath, ["-e", program], {
      env: { ...process.env, MASUMI_PYTHON: python, NODE_NO_WARNINGS: "1" },
      stdio: ["ignore", "inherit", "inherit"],
    });
    await expect.poll(() => existsSync(began) && readFileSync(began, "utf8")).toBeTruthy();
    child.kill("SIGKILL");
    await once(child, "exit");
    const pid = readFileSync(began, "utf8").trim();
    const state = () => spawnSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" }).stdout;
    await expect.poll(state).toMatch(/^Z|^$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
