import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { reservePort } from "../../../providers/crew-process/local/index.ts";

describe("reserved ports", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "ports-"))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const file = () => join(folder, "nested", "ports.json");

  it("gives an agent the same port again, in every later run", () => {
    const port = reservePort(file(), "researcher");
    expect(reservePort(file(), "researcher")).toBe(port);
    expect(JSON.parse(readFileSync(file(), "utf8"))).toEqual({ researcher: port });
  });

  it("keeps a port that a person has chosen", () => {
    reservePort(file(), "researcher");
    writeFileSync(file(), '{"researcher": 8080}');
    expect(reservePort(file(), "researcher")).toBe(8080);
  });

  it("never gives two agents one port", () => {
    const agents = Array.from({ length: 500 }, (_, index) => `agent-${index}`);
    const ports = agents.map((agent) => reservePort(file(), agent));
    expect(new Set(ports).size).toBe(agents.length);
    expect(ports.every((port) => port >= 20_000 && port < 30_000)).toBe(true);
  });
});
