import { globSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** What a room's files are, and the rooms that they may import, beside their own. The first pattern that fits is a file's room. */
const ROOMS: Record<string, { readonly files: RegExp; readonly imports: readonly string[] }> = {
  "providers/common": { files: /^providers\/(common\/|provider-texts\.ts$)/, imports: [] },
  "providers/s3": { files: /^providers\/s3\//, imports: ["providers/common"] },
  "providers/masumi/service": {
    files: /^providers\/masumi\/service\//,
    imports: ["providers/s3", "providers/common"],
  },
  "providers/crew-process/local": {
    files: /^providers\/crew-process\/local\//,
    imports: ["providers/common"],
  },
  "providers/masumi": {
    files: /^providers\/masumi\//,
    imports: ["providers/masumi/service", "providers/s3", "providers/common"],
  },
  "providers/crew-process": {
    files: /^providers\/crew-process\//,
    imports: ["providers/crew-process/local", "providers/common"],
  },
  "providers/crew-drain": { files: /^providers\/crew-drain\//, imports: ["providers/common"] },
  "providers/database": { files: /^providers\/database\//, imports: ["providers/common"] },
  "providers/docker": { files: /^providers\/docker\//, imports: ["providers/common"] },
  "providers/documents": { files: /^providers\/documents\//, imports: ["providers/s3", "providers/common"] },
  "providers/ecs": { files: /^providers\/ecs\//, imports: ["providers/common"] },
  "providers/records": {
    files: /^providers\/records\//,
    imports: ["providers/database", "providers/common"],
  },
  "providers/shared-crew": {
    files: /^providers\/shared-crew\//,
    imports: [
      "providers/crew-process/local",
      "providers/docker",
      "providers/documents",
      "providers/s3",
      "providers/common",
    ],
  },

  "infra/hosting": {
    files: /^infra\/hosting\//,
    imports: ["providers/crew-process/local", "providers/s3", "providers/common"],
  },
  "infra/declarations": { files: /^infra\/declarations\//, imports: ["infra/hosting", "providers/common"] },
  "infra/catalogues": { files: /^infra\/catalogues\//, imports: ["infra/declarations", "providers/common"] },
  "infra/config": {
    files: /^infra\/config(\.ts$|\/)/,
    imports: [
      "infra/catalogues",
      "infra/declarations",
      "infra/hosting",
      "providers/masumi/service",
      "providers/s3",
    ],
  },
  "infra/fleet": {
    files: /^infra\/fleet\//,
    imports: [
      "infra/catalogues",
      "infra/declarations",
      "infra/hosting",
      "infra/config",
      "providers/masumi/service",
      "providers/common",
    ],
  },
  "infra/crews": {
    files: /^infra\/crews\//,
    imports: [
      "infra/declarations",
      "infra/hosting",
      "infra/config",
      "providers/crew-process/local",
      "providers/database",
      "providers/documents",
      "providers/masumi/service",
      "providers/common",
    ],
  },
  "infra/deploy": {
    files: /^infra\/deploy\//,
    imports: [
      "infra/catalogues",
      "infra/crews",
      "infra/fleet",
      "infra/declarations",
      "infra/hosting",
      "infra/config",
      "providers/crew-process",
      "providers/crew-process/local",
      "providers/crew-drain",
      "providers/docker",
      "providers/ecs",
      "providers/shared-crew",
      "providers/common",
    ],
  },
  infra: {
    files: /^infra\/[^/]+\.ts$/,
    imports: [
      "infra/catalogues",
      "infra/deploy",
      "infra/crews",
      "infra/fleet",
      "infra/declarations",
      "infra/config",
      "providers/common",
      "providers/masumi",
      "providers/masumi/service",
      "providers/records",
    ],
  },

  library: {
    files: /^library\//,
    imports: [
      "infra/config",
      "infra/crews",
      "infra/declarations",
      "providers/masumi",
      "providers/masumi/service",
      "providers/records",
    ],
  },
  /** As whoever has the package: by its name. */
  examples: { files: /^examples\//, imports: [] },

  "local/sandbox": { files: /^local\/sandbox\//, imports: [] },
  "local/engine": { files: /^local\/engine\//, imports: [] },

  buyer: {
    files: /^buyer\//,
    imports: ["infra/declarations", "infra/config", "providers/masumi/service", "providers/common"],
  },
  stacks: {
    files: /^stacks\//,
    imports: [
      "infra/declarations",
      "infra/config",
      "infra/crews",
      "infra/fleet",
      "infra/hosting",
      "providers/masumi/service",
      "providers/crew-process/local",
      "providers/database",
      "providers/ecs",
      "providers/common",
      "local/sandbox",
      "local/engine",
    ],
  },
  "portal/page": { files: /^portal\/page\//, imports: [] },
  "portal/database": { files: /^portal\/database\//, imports: ["providers/common"] },
  "portal/identity": {
    files: /^portal\/(identity\/|(problem|unless-aborted)\.ts$)/,
    imports: ["providers/common"],
  },
  "portal/billing": {
    files: /^portal\/billing\//,
    imports: ["portal/identity", "portal/database", "providers/common"],
  },
  portal: {
    files: /^portal\//,
    imports: [
      "portal/page",
      "portal/billing",
      "portal/identity",
      "portal/database",
      "stacks",
      "infra/declarations",
      "infra/config",
      "infra/fleet",
      "providers/masumi/service",
      "providers/crew-process/local",
      "providers/s3",
      "providers/common",
      "local/engine",
    ],
  },
  packaging: { files: /^packaging\//, imports: ["portal/page", "providers/common"] },
  cli: {
    files: /^cli\//,
    imports: [
      "buyer",
      "stacks",
      "infra/declarations",
      "infra/config",
      "infra/crews",
      "infra/fleet",
      "infra/hosting",
      "providers/masumi/service",
      "providers/crew-process/local",
      "providers/database",
      "providers/docker",
      "providers/ecs",
      "providers/records",
      "providers/common",
      "local/sandbox",
      "local/engine",
    ],
  },
};

/** Packages that only some rooms may name; every other room must do without. */
const ONLY_IN: Record<string, RegExp> = {
  "@pulumi/pulumi":
    /^(infra(\/crews|\/deploy)?|library|examples|providers\/(?!common|.*\/(service|local)$).*|local\/engine)$/,
  "@pulumi/aws": /^infra\/(crews|deploy)$/,
  "@pulumi/docker": /^infra\/(crews|deploy)$/,
  "@grpc/grpc-js": /^(providers\/masumi|local\/engine)$/,
  commander: /^cli$/,
  jose: /^portal\/identity$/,
  stripe: /^portal\/billing$/,
};

/** What must start without Pulumi, so that it is quick, small and needs no engine: nothing that it loads at its start may lead there. */
const WITHOUT_PULUMI = [
  "providers/masumi/service/index.ts",
  "providers/crew-process/local/index.ts",
  "infra/declarations/index.ts",
  "infra/fleet/index.ts",
  "infra/config.ts",
  "infra/hosting/traits.ts",
  "cli/main.ts",
  ...["plan", "drift", "import", "doctor", "validate", "hire", "try"].map(
    (name) => `cli/commands/${name}.ts`,
  ),
];

/** Data of the crew runtime, which must be in its image, that the program reads too. */
const SHARED_DATA = "crew/src/crew_runtime/public_addresses.json";

const PULUMI = /^(@pulumi\/|@grpc\/)/;

/** Every TypeScript and JavaScript file of the product, also in a folder that no room knows yet. */
const sources = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$|test$|crew$|dist$)/.test(entry.name))
  .flatMap(({ name }) => globSync(`${name}/**/*.{ts,tsx,js}`, { cwd: root }))
  .filter((file) => !/node_modules|\/test\/|fixtures|\/dist\//.test(file))
  .toSorted();

interface Import {
  /** A file of ours, relative to the root, or a package's name. */
  readonly target: string;
  readonly isOurs: boolean;
  /** `import type` is erased, `import()` is loaded when it is called: neither is loaded at the start. */
  readonly isAtStart: boolean;
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s*)?"([^"]+)"|\bimport\(\s*"([^"]+)"/g;

const importsOf = new Map(
  sources.map((file): [string, Import[]] => {
    const text = readFileSync(join(root, file), "utf8");
    const imports = [...text.matchAll(IMPORT)].map(([, type, atStart, later]) => {
      const name = atStart ?? later ?? "";
      const isOurs = name.startsWith(".");
      return {
        target: isOurs ? relative(root, resolve(root, dirname(file), name)) : name,
        isOurs,
        isAtStart: later === undefined && type === undefined,
      };
    });
    return [file, imports];
  }),
);

const roomOf = (file: string) => Object.entries(ROOMS).find(([, { files }]) => files.test(file))?.[0];

/** The path from each file to the first thing that begins with Pulumi, if what it loads at its start leads there. */
function wayToPulumi(file: string, seen = new Set<string>()): string[] | undefined {
  if (seen.has(file)) return undefined;
  seen.add(file);
  for (const { target, isOurs, isAtStart } of importsOf.get(file) ?? []) {
    if (!isAtStart) continue;
    if (PULUMI.test(target)) return [file, target];
    const way = isOurs ? wayToPulumi(target, seen) : undefined;
    if (way) return [file, ...way];
  }
  return undefined;
}

/** A circle in a graph, as the names along it; undefined if there is none. */
function circleIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next, [...path, node]);
      if (circle) return circle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const circle = visit(node, []);
    if (circle) return circle;
  }
  return undefined;
}

function graphOf(edges: Iterable<readonly [string, string]>): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of edges) {
    if (from !== to) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  }
  return graph;
}

const fileEdges = [...importsOf].flatMap(([file, imports]) =>
  imports.filter(({ isOurs }) => isOurs).map(({ target }) => [file, target] as const),
);

describe("imports run one way", () => {
  it("finds the sources and what they import", () => {
    expect(sources.length).toBeGreaterThan(300);
    expect(fileEdges.length).toBeGreaterThan(sources.length);
    expect(fileEdges.filter(([, target]) => !/\.(tsx?|js|json|cjs)$/.test(target))).toEqual([]);
  });

  it.each(sources)("%s", (file) => {
    const room = roomOf(file);
    expect(room, "a file outside every room").toBeDefined();
    if (!room) return;
    const wrong = (importsOf.get(file) ?? []).filter(({ target, isOurs }) => {
      if (target === SHARED_DATA) return room !== "providers/common";
      if (!isOurs) {
        const rule = Object.entries(ONLY_IN).find(
          ([name]) => target === name || target.startsWith(`${name}/`),
        );
        return rule !== undefined && !rule[1].test(room);
      }
      const targetRoom = roomOf(target);
      return targetRoom !== room && !ROOMS[room]?.imports.includes(targetRoom ?? target);
    });
    expect(wrong.map(({ target }) => target)).toEqual([]);
  });

  it("from room to room, without a circle", () => {
    const edges = Object.entries(ROOMS).flatMap(([room, { imports }]) =>
      imports.map((other) => [room, other] as const),
    );
    expect(edges.filter(([, other]) => !(other in ROOMS))).toEqual([]);
    expect(circleIn(graphOf(edges))).toBeUndefined();
  });

  it("from file to file, without a circle", () => {
    expect(circleIn(graphOf(fileEdges))).toBeUndefined();
  });

  it("between the folders within a folder, without a circle", () => {
    const folders = new Set(sources.flatMap((file) => ancestorsOf(file)));
    const circles = [...folders].flatMap((folder) => {
      const edges = fileEdges.flatMap(([from, to]) => {
        const [a, b] = [childOf(folder, from), childOf(folder, to)];
        return a !== undefined && b !== undefined ? [[a, b] as const] : [];
      });
      const circle = circleIn(graphOf(edges));
      return circle ? [`${folder}: ${circle.join(" -> ")}`] : [];
    });
    expect(circles).toEqual([]);
  });
});

function ancestorsOf(file: string): string[] {
  const folder = dirname(file);
  return folder === "." ? [] : [folder, ...ancestorsOf(folder)];
}

/** The folder right below `folder` that holds the file; undefined if it lies elsewhere, or in the folder itself. */
function childOf(folder: string, file: string): string | undefined {
  if (!file.startsWith(`${folder}/`)) return undefined;
  const [child, ...rest] = file.slice(folder.length + 1).split("/");
  return rest.length > 0 ? child : undefined;
}

describe("no Pulumi is loaded at the start of", () => {
  it.each(WITHOUT_PULUMI)("%s", (file) => {
    expect(importsOf.has(file), "there is no such file").toBe(true);
    expect(wayToPulumi(file)).toBeUndefined();
  });
});

describe("no folder is crowded", () => {
  const MOST_FILES = 21;

  it("has more than about twenty files side by side", () => {
    const folders = [...new Set(sources.map((file) => dirname(file)))];
    const filesIn = (folder: string) => sources.filter((file) => dirname(file) === folder).length;
    const crowded = folders.filter((folder) => filesIn(folder) > MOST_FILES);
    expect(crowded).toEqual([]);
  });
});

describe("docs/architecture.md", () => {
  const text = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const [picture = ""] = /flowchart TD.*?```/s.exec(text) ?? [];
  const drawn = new Map(
    [...picture.matchAll(/^ +(\w+)\["([^"]+)"\]$/gm)].map(([, id = "", room = ""]) => [id, room]),
  );
  const arrows = [...picture.matchAll(/^ +(\w+) --> (\w+)$/gm)].map(
    ([, from = "", to = ""]) => [drawn.get(from) ?? from, drawn.get(to) ?? to] as const,
  );

  it("has a row for every room, with what it may import", () => {
    const rows = [...text.matchAll(/^\| `([^`]+)` +\| [^|]+\|([^|]*)\|$/gm)].map(
      ([, room = "", imports = ""]): [string, string[]] => [
        room,
        [...imports.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name).toSorted(),
      ],
    );
    const rules = Object.entries(ROOMS).map(([room, { imports }]) => [room, imports.toSorted()]);
    const ofRooms = rows.filter(([room]) => room in ROOMS);
    expect(Object.fromEntries(ofRooms)).toEqual(Object.fromEntries(rules));
  });

  it("draws every room, and the arrows that are allowed: those that it leaves out follow from others", () => {
    expect([...drawn.values()].toSorted()).toEqual(Object.keys(ROOMS).toSorted());
    const graph = graphOf(arrows);
    expect(arrows.filter(([from, to]) => !ROOMS[from]?.imports.includes(to))).toEqual([]);
    const reached = (room: string): Set<string> =>
      new Set([...(graph.get(room) ?? [])].flatMap((next) => [next, ...reached(next)]));
    for (const [room, { imports }] of Object.entries(ROOMS)) {
      const missing = imports.filter((other) => !reached(room).has(other));
      expect({ room, missing }).toEqual({ room, missing: [] });
    }
  });
});
