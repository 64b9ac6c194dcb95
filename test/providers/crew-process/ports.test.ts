import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reservePorts, reservedPort } from "../../../providers/crew-process/local/index.ts";

describe("reserved ports", () => {
  let project: string;
  beforeEach(() => (project = mkdtempSync(join(tmpdir(), "ports-"))));
  afterEach(() => rmSync(project, { recursive: true }));
  const file = () => join(project, ".masumi", "ports.json");
  const reserve = async (agent: string, stack?: string) =>
    (await reservePorts(project, [agent], stack)).get(agent);

  it("gives an agent the same port again, in every later run", async () => {
    const port = await reserve("researcher");
    expect(await reserve("researcher")).toBe(port);
    expect(reservedPort(project, "researcher")).toBe(port);
    expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({ researcher: port });
  });

  it("keeps a port that a person has chosen", async () => {
    await reserve("researcher");
    writeFileSync(file(), '{"researcher": 8080}');
    expect(await reserve("researcher")).toBe(8080);
  });

  it("never gives two agents one port, whatever their stacks and whoever asks at once", async () => {
    const agents = Array.from({ length: 500 }, (_, index) => `agent-${index}`);
    const stacks = ["local", "local-one", "local-two", "preprod"];
    const reserved = await Promise.all(stacks.map((stack) => reservePorts(project, agents, stack)));
    const [local, one, two, preprod] = reserved.map((ports) => [...ports.values()]);
    expect(preprod, "local shares them with the stacks of the real CLI").toEqual(local);
    const ports = [local, one, two].flat();
    expect(new Set(ports).size).toBe(3 * agents.length);
    expect(ports.every((port) => port !== undefined && port >= 20_000 && port < 30_000)).toBe(true);
  });
});
