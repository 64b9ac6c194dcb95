import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { crewDeclaration } from "../../../infra/crews/crew-declaration.ts";
import { loadValidAgents } from "../../../infra/declarations/index.ts";
import { crewEnvironment, repository } from "../../helpers/project.ts";

const fixtures = join(repository, "test/fixtures/declarations/valid");
const out = mkdtempSync(join(tmpdir(), "pasted-crews-"));
afterAll(() => rmSync(out, { recursive: true }));

/** Reads each crew.json as the runtime does, and has CrewAI build the crew as before a job. */
const READ = `
import sys
from pathlib import Path
from crew_runtime.crewai.declared.crew_builder import declared_crew
from crew_runtime.crewai.tls import share_tls_context
from crew_runtime.declared.declaration import load_declaration
from crew_runtime.job.model_access import ModelAccess

share_tls_context()
access = ModelAccess(name="stub", api="http://127.0.0.1:9/v1", key="stub", temperature=None, max_tokens=None)
tools = {name: (lambda text: text) for name in ("calculate", "document_search", "fetch_page")}
for name, tool in tools.items():
    tool.__doc__ = name
for path in sys.argv[1:]:
    crew = load_declaration(Path(path)).crew
    built = declared_crew(crew.model_dump(mode="json", exclude_unset=True) | {"process": crew.process}, access, tools)
    print(len(built.tasks))
`;

const pasted = globSync("pasted-*", { cwd: fixtures }).toSorted();

it("has twelve crews of public repositories, and the source of each", () => {
  const sources = readFileSync(join(fixtures, "../sources.md"), "utf8");
  expect(pasted).toHaveLength(12);
  expect([...sources.matchAll(/^\| `(pasted-[^`]+)`/gm)].map(([, name]) => name)).toEqual(pasted);
});

it(
  "takes over every crew that was pasted and is valid, as the runtime and CrewAI read it",
  { timeout: 120_000 },
  async () => {
    const files: string[] = [];
    const tasks: string[] = [];
    for (const fixture of [...pasted, ...globSync("spelling-*", { cwd: fixtures })]) {
      const projectRoot = join(fixtures, fixture);
      const stack = { stack: "local", network: "Preprod", hosting: "process" } as const;
      const [agent] = loadValidAgents({ folder: "agents", projectRoot, ...stack });
      if (agent?.source.kind !== "inline") throw new Error(`${fixture} declares no crew`);
      const documents = agent.documents.map(() => ({
        name: "Plants",
        file: "documents/plants.md",
        sha256: "0".repeat(64),
      }));
      mkdirSync(join(out, fixture));
      files.push(join(out, fixture, "crew.json"));
      writeFileSync(files.at(-1) ?? "", crewDeclaration(agent, "Preprod", { documents }));
      tasks.push(String(agent.source.crew.tasks.length));
    }
    const { python } = await crewEnvironment();
    const env = {
      HOME: out,
      PATH: process.env["PATH"] ?? "",
      PYTHONPATH: join(repository, "crew/src"),
      CREWAI_DISABLE_TELEMETRY: "true",
      CREWAI_TRACING_ENABLED: "false",
    };
    const read = execFileSync(python, ["-c", READ, ...files], { encoding: "utf8", env, cwd: out });
    expect(read.trim().split("\n")).toEqual(tasks);
  },
);
