import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { SANDBOX_PORT } from "../../stacks/local/sandbox-process.ts";
import { repository } from "../helpers/project.ts";

interface DevContainer {
  readonly image: string;
  readonly onCreateCommand: string;
  readonly forwardPorts: readonly number[];
  readonly portsAttributes: Readonly<Record<string, unknown>>;
}

const read = (path: string): string => readFileSync(join(repository, path), "utf8");

/** JSON with comments on lines of their own, of which the rest is YAML as well. */
const container = parse(
  read(".devcontainer/devcontainer.json").replaceAll(/^\s*\/\/.*$/gm, ""),
) as DevContainer;

describe("the devcontainer", () => {
  it("has a Node that runs the program by itself, and Debian's Python that crews run on", () => {
    const [, node = "", debian = ""] = /:(\d+)-(\w+)$/.exec(container.image) ?? [];
    expect(Number(node)).toBeGreaterThanOrEqual(22);
    // Python 3.11
    expect(debian).toBe("bookworm");
  });

  it("forwards the ports that the sandbox and the portal take first, and names each", () => {
    expect(container.forwardPorts.map(String)).toEqual(Object.keys(container.portsAttributes));
    const [, portal = ""] = /FIRST_PORT = (\d+)/.exec(read("portal/listening.ts")) ?? [];
    expect(container.forwardPorts).toEqual([SANDBOX_PORT, Number(portal)]);
  });

  it("is set up by a script that bash can read", () => {
    const [shell = "", script = ""] = container.onCreateCommand.split(" ");
    expect(existsSync(join(repository, script))).toBe(true);
    expect(spawnSync(shell, ["-n", script], { cwd: repository, encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  it("installs what CI installs beside Docker", () => {
    const installed = /for package in (.*); do/.exec(read(".devcontainer/set-up.sh"))?.[1]?.split(" ") ?? [];
    const wanted = [...read(".ci/run").matchAll(/--no-install-recommends (\S+)/g)].map(([, name]) => name);
    expect(wanted).toContain("docker.io");
    expect(installed).toEqual(expect.arrayContaining(wanted.filter((name) => name !== "docker.io")));
  });
});
