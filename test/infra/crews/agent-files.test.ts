import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agentFiles, inImage, placeFiles } from "../../../infra/crews/agent-files.ts";
import { type Agent, loadValidAgents } from "../../../infra/declarations/index.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "masumi-agent-files-"));
  write("forecast/crew.py", "def crew(): ...\n");
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

function agentWith(...lines: string[]): Agent {
  const head = [
    "name: Weather",
    "description: Tells the weather of a place.",
    "capability: { name: weather, version: 1.0.0 }",
    "tags: [weather]",
    "author: { name: Example GmbH }",
    "pricing: free",
    "build: ./forecast",
  ];
  write("agents/weather.yaml", [...head, ...lines].join("\n"));
  const stack = { stack: "local", network: "Preprod", hosting: "process" } as const;
  const [agent] = loadValidAgents({ folder: "agents", projectRoot: root, ...stack });
  if (!agent) throw new Error("there is one");
  return agent;
}

const filesOf = (agent: Agent) => agentFiles(root, "Preprod", agent);
const declared = (agent: Agent) =>
  JSON.parse(filesOf(agent).declaration) as {
    code?: { folder: string };
    crew?: unknown;
    documents?: { file: string }[];
  };
const below = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, folder).length + 1))
    .toSorted();

describe("the files of an agent", () => {
  it("are its declaration, its documents and its code, which the declaration names by their digests", () => {
    write("docs/clouds.md", "# Clouds\n");
    write("docs/Prices.CSV", "a,b\n");
    write("forecast/config/agents.yaml", "{}\n");
    write("forecast/__pycache__/crew.cpython-312.pyc", "compiled");
    const agent = agentWith("documents: [docs/clouds.md, docs/Prices.CSV]");
    const { declaration, files } = filesOf(agent);
    const found = JSON.parse(declaration) as Record<string, unknown>;
    const [clouds, prices] = [digestOf("# Clouds\n"), digestOf("a,b\n")];
    expect(found["documents"]).toEqual([
      { name: "docs/clouds.md", file: `documents/${clouds.slice(0, 32)}.md`, sha256: clouds },
      { name: "docs/Prices.CSV", file: `documents/${prices.slice(0, 32)}.csv`, sha256: prices },
    ]);
    const code = found["code"] as { folder: string };
    expect(code).toEqual({
      folder: expect.stringMatching(/^code\/[0-9a-f]{16}$/) as unknown,
      kind: "crew",
      module: "crew",
      paths: ["."],
    });
    expect(found).not.toHaveProperty("crew");
    expect(files.map(({ path }) => path)).toEqual([
      `documents/${clouds.slice(0, 32)}.md`,
      `documents/${prices.slice(0, 32)}.csv`,
      `${code.folder}/config/agents.yaml`,
      `${code.folder}/crew.py`,
    ]);
    expect(inImage({ declaration, files, large: [] }).map(({ path }) => path)).toEqual([
      "agent/crew.json",
      ...files.map(({ path }) => `agent/${path}`),
    ]);
  });

  it.each<[what: string, change: () => void]>([
    ["its code", () => write("forecast/crew.py", "def crew(): return 1\n")],
    ["a module beside it", () => write("forecast/tools.py", "x = 1\n")],
    ["a document", () => write("docs/clouds.md", "# Other clouds\n")],
  ])("change the declaration with %s, so that the crew is restarted and its image built", (_what, change) => {
    write("docs/clouds.md", "# Clouds\n");
    const agent = agentWith("documents: [docs/clouds.md]");
    const before = filesOf(agent).declaration;
    expect(filesOf(agent).declaration).toBe(before);
    change();
    expect(filesOf(agent).declaration).not.toBe(before);
  });

  it("say nothing of documents where there are none", () => {
    expect(declared(agentWith())).not.toHaveProperty("documents");
  });

  it("hold one file for two names of one content", () => {
    write("docs/a.md", "# Clouds\n");
    write("docs/b.md", "# Clouds\n");
    const agent = agentWith("documents: [docs/a.md, docs/b.md]");
    expect(declared(agent).documents).toHaveLength(2);
    expect(filesOf(agent).files.filter(({ path }) => path.startsWith("documents/"))).toHaveLength(1);
  });

  it("hold what a link led to when it was fetched, and keep it", () => {
    const digest = digestOf("a,b\n");
    write(`.masumi/documents/${digest}`, "a,b\n");
    const agent = agentWith(`documents: ["https://example.com/prices.csv?day=1#sha256=${digest}"]`);
    expect(declared(agent).documents).toEqual([
      {
        name: "https://example.com/prices.csv",
        file: `documents/${digest.slice(0, 32)}.csv`,
        sha256: digest,
      },
    ]);
  });

  it("are refused with a link that cannot be fetched, and with half a file where one was kept", () => {
    const digest = digestOf("a,b\n");
    write(`.masumi/documents/${digest}`, "a,");
    const agent = agentWith(`documents: ["https://localhost/prices.csv#sha256=${digest}"]`);
    expect(() => filesOf(agent)).toThrow(
      /^DOCUMENT_UNUSABLE: The document https:\/\/localhost\/prices\.csv leads to (127\.0\.0\.1|::1), which is not a public address\.\nCheck the link/,
    );
  });

  it("are refused when links make them too large together", () => {
    const links = [1, 2, 3].map((number) => {
      const content = Buffer.alloc(9 * 1024 * 1024, number);
      const digest = createHash("sha256").update(content).digest("hex");
      write(`.masumi/documents/${digest}`, content);
      return `"https://example.com/${number}.txt#sha256=${digest}"`;
    });
    const agent = agentWith(`documents: [${links.join(", ")}]`);
    expect(() => filesOf(agent)).toThrow(
      /DOCUMENT_UNUSABLE: The documents of agents\/weather\.yaml have 27\.0 MiB/,
    );
  });
});

describe("documents that are too large for an image", () => {
  const MIB = 1024 * 1024;
  const handbook = Buffer.concat([Buffer.from("%PDF-1.4\n"), Buffer.alloc(11 * MIB, 7)]);
  const sha256 = createHash("sha256").update(handbook).digest("hex");
  const file = `documents/${sha256.slice(0, 32)}.pdf`;

  it("are declared with their size, and are no part of it", () => {
    write("docs/handbook.pdf", handbook);
    const agent = agentWith("documents: [docs/handbook.pdf]");
    const files = filesOf(agent);
    expect(declared(agent).documents).toEqual([
      { name: "docs/handbook.pdf", file, sha256, bytes: handbook.byteLength },
    ]);
    expect(files.large).toEqual([
      { path: file, source: "docs/handbook.pdf", sha256, bytes: handbook.byteLength },
    ]);
    expect(inImage(files).map(({ path }) => path)).not.toContain(`agent/${file}`);
  });

  it("may come by a link, and lie in the folder of a crew that runs as a process", () => {
    write(`.masumi/documents/${sha256}`, handbook);
    const files = filesOf(agentWith(`documents: ["https://example.com/h.pdf#sha256=${sha256}"]`));
    expect(files.large).toMatchObject([{ source: `.masumi/documents/${sha256}` }]);
    mkdirSync(join(root, "home"));
    placeFiles(root, join(root, "home"), files);
    expect(readFileSync(join(root, "home", file)).equals(handbook)).toBe(true);
  });

  it("are refused with more than 500 MiB together", () => {
    for (const [index, name] of ["a", "b", "c"].entries()) {
      write(`docs/${name}.pdf`, "");
      truncateSync(join(root, `docs/${name}.pdf`), 180 * MIB + index);
    }
    expect(() => agentWith("documents: [docs/a.pdf, docs/b.pdf, docs/c.pdf]")).toThrow(
      /the documents have 540\.0 MiB in total, at most 500 MiB may be stored for an agent/,
    );
  });
});

describe("the folder of a crew that runs as a process", () => {
  it("gets the files, and keeps those of the version that runs until another one does", () => {
    const home = join(root, "home");
    mkdirSync(home);
    write("docs/clouds.md", "# Clouds\n");
    const agent = agentWith("documents: [docs/clouds.md]");
    const versions = ["one", "two", "three"].map((text) => {
      write("forecast/crew.py", `def crew(): return "${text}"\n`);
      return filesOf(agent);
    });
    const [one, two, three] = versions.map(({ files }) => files.map(({ path }) => path).toSorted());

    for (const version of versions.slice(0, 2)) {
      placeFiles(root, home, version);
      if (version === versions[0]) writeFileSync(join(home, "crew.json"), version.declaration);
    }
    expect(below("home")).toEqual([...new Set([...(one ?? []), ...(two ?? []), "crew.json"])].toSorted());

    writeFileSync(join(home, "crew.json"), versions[1]?.declaration ?? "");
    placeFiles(root, home, versions[2] ?? { declaration: "", files: [], large: [] });
    expect(below("home")).toEqual([...new Set([...(two ?? []), ...(three ?? []), "crew.json"])].toSorted());
  });

  it("does not write again what is there", () => {
    const home = join(root, "home");
    const files = filesOf(agentWith());
    placeFiles(root, home, files);
    const [path = ""] = below("home");
    chmodSync(join(home, path), 0o400);
    expect(() => placeFiles(root, home, files)).not.toThrow();
  });
});
