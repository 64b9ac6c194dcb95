import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ensurePythonEnvironment } from "../../../providers/crew-process/local/index.ts";
import { repository } from "../../helpers/project.ts";

const WHEEL = "uv-0.13.9-py3-none-any.whl";

/** Makes a wheel that pip takes for uv 0.13.9, whose `uv` leaves a file behind. */
function forgeUv(folder: string, left: string): Buffer {
  const program = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("uv-0.13.9.data/scripts/uv", "#!/bin/sh\\ntouch " + sys.argv[2] + "\\n")
    wheel.writestr("uv-0.13.9.dist-info/METADATA", "Metadata-Version: 2.1\\nName: uv\\nVersion: 0.13.9\\n")
    wheel.writestr("uv-0.13.9.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("uv-0.13.9.dist-info/RECORD", "")
`;
  execFileSync("python3", ["-c", program, join(folder, WHEEL), left]);
  return readFileSync(join(folder, WHEEL));
}

/** Serves it as a package index does. */
async function serveIndex(wheel: Buffer): Promise<Server> {
  const server = createServer(({ url = "" }, response) => {
    if (url.endsWith(".whl")) return response.end(wheel);
    return response.setHeader("content-type", "text/html").end(`<a href="/${WHEEL}">${WHEEL}</a>`);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}

it("a package index that serves another uv is refused before any of it runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), "installer-"));
  const left = join(folder, "left-behind");
  const index = await serveIndex(forgeUv(folder, left));
  const before = process.env["PIP_INDEX_URL"];
  try {
    process.env["PIP_INDEX_URL"] = `http://127.0.0.1:${(index.address() as AddressInfo).port}/`;
    const crewFolder = join(folder, "crew");
    cpSync(join(repository, "crew/installer"), join(crewFolder, "installer"), { recursive: true });
    for (const file of ["pyproject.toml", "uv.lock"]) writeFileSync(join(crewFolder, file), "");
    const installed = ensurePythonEnvironment({ crewFolder, venv: join(folder, "venv") });
    await expect(installed).rejects.toMatchObject({ code: "CREW_INSTALL_FAILED" });
    await expect(installed).rejects.toThrow(/hash/i);
    expect(existsSync(left)).toBe(false);
  } finally {
    if (before === undefined) delete process.env["PIP_INDEX_URL"];
    else process.env["PIP_INDEX_URL"] = before;
    index.close();
    rmSync(folder, { recursive: true });
  }
}, 180_000);
