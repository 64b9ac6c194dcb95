import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { provider } from "../../../providers/crew-process/crew-identity.ts";

let parent: string;
let root: string;
beforeEach(() => {
  parent = realpathSync(mkdtempSync(join(tmpdir(), "crew-identity-")));
  root = join(parent, "project");
  mkdirSync(join(root, "infra"), { recursive: true });
  writeFileSync(join(root, "Pulumi.yaml"), "name: agents\nmain: infra/\n");
  // Where the provider host runs: the program's folder, which is below the project's.
  vi.spyOn(process, "cwd").mockReturnValue(join(root, "infra"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(parent, { recursive: true });
});

const SELLER = { paymentSourceType: "V1", sellerVkey: "0b".repeat(28) } as const;
const MOVED = { paymentSourceType: "V2", sellerVkey: "fa".repeat(28) } as const;

const own = () => join(root, ".masumi/crews/writer/identity.json");

describe("a crew's identity on this machine", () => {
  it("is written, changed, read, and marked as draining when it goes", async () => {
    const content = () => JSON.parse(readFileSync(own(), "utf8")) as unknown;
    const made = await provider.create({ file: own(), agentIdentifier: "ab12", ...SELLER });
    expect(content()).toEqual({ agentIdentifier: "ab12", ...SELLER, draining: false });
    const moved = { file: own(), agentIdentifier: "cd34", ...MOVED };
    await provider.update(made.id, made.outs, moved);
    expect(await provider.read(made.id, made.outs)).toEqual({ id: made.id, props: moved });
    await provider.delete(made.id, moved);
    expect(content()).toEqual({ agentIdentifier: "cd34", ...MOVED, draining: true });
  });

  it("of an older version is written once more, with contract and wallet", async () => {
    const older = { file: own(), agentIdentifier: "ab12" } as Parameters<typeof provider.create>[0];
    mkdirSync(dirname(own()), { recursive: true });
    writeFileSync(own(), '{"agentIdentifier":"ab12","draining":false}\n');
    const news = { ...older, ...SELLER };
    expect(await provider.read(own(), older)).toEqual({ id: own(), props: older });
    expect(await provider.diff(own(), older, news)).toEqual({ changes: true, replaces: [] });
    const { outs } = await provider.update(own(), older, news);
    expect(await provider.diff(own(), outs, news)).toEqual({ changes: false, replaces: [] });
  });

  it.each([
    "other/.masumi/crews/writer/identity.json",
    "project/.masumi/crews/writer/crew.json",
    "project/.masumi/crews/../crews/writer/identity.json",
    "project/.masumi/passphrase",
    "project/agents/writer.yaml",
    "elsewhere/.bashrc",
  ])("is no other file that a state names: %s", async (path) => {
    const file = `${parent}/${path}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "precious");
    const props = { file, agentIdentifier: "ab12", ...SELLER };
    expect(await provider.read(file, props)).toEqual({});
    await provider.delete(file, props);
    await expect(provider.create(props)).rejects.toMatchObject({ code: "IDENTITY_ELSEWHERE" });
    await expect(provider.update(file, props, props)).rejects.toMatchObject({ code: "IDENTITY_ELSEWHERE" });
    expect(readFileSync(file, "utf8")).toBe("precious");
  });

  it("is none of a clone whose program is another", async () => {
    const clone = join(parent, "clone");
    mkdirSync(join(clone, "infra"), { recursive: true });
    writeFileSync(join(clone, "Pulumi.yaml"), "name: agents\nmain: infra/\n");
    const file = join(clone, ".masumi/crews/writer/identity.json");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '{"agentIdentifier":"ab12","draining":false}\n');
    await provider.delete(file, { file, agentIdentifier: "ab12", ...SELLER });
    expect(readFileSync(file, "utf8")).toContain('"draining":false');
  });

  it("is the project's also where its program lies elsewhere", async () => {
    writeFileSync(join(root, "Pulumi.yaml"), `name: agents\nmain: ${join(parent, "program/index.ts")}\n`);
    mkdirSync(join(parent, "program"));
    writeFileSync(join(parent, "program/index.ts"), "");
    vi.spyOn(process, "cwd").mockReturnValue(join(parent, "program"));
    await provider.create({ file: own(), agentIdentifier: "ab12", ...SELLER });
    expect(readFileSync(own(), "utf8")).toContain("ab12");
  });

  it("makes no folder elsewhere either", async () => {
    const file = join(parent, "new/.masumi/crews/writer/identity.json");
    await expect(provider.create({ file, agentIdentifier: "ab12", ...SELLER })).rejects.toMatchObject({
      code: "IDENTITY_ELSEWHERE",
    });
    expect(existsSync(join(parent, "new"))).toBe(false);
  });
});
