import { readFileSync, globSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Room -> rooms it may import from, beside itself. Longest name wins. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "infra/hosting/traits.ts": [],
  "infra/hosting/ecs/sizes.ts": ["infra/hosting/traits.ts"],
  "infra/declarations": ["infra/hosting/traits.ts", "infra/hosting/ecs/sizes.ts"],
  "infra/config.ts": ["infra/declarations", "infra/hosting/settings.ts"],
  "infra/hosting/settings.ts": ["infra/declarations"],
  "infra/fleet": ["infra/declarations", "infra/config.ts", "providers/masumi"],
  "infra/hosting/slots.ts": [],
  "infra/hosting/docker/url.ts": [
    "infra/declarations",
    "infra/hosting/settings.ts",
    "infra/hosting/slots.ts",
  ],
  "infra/hosting/expected-url.ts": [
    "infra/declarations",
    "infra/config.ts",
    "infra/hosting/docker/url.ts",
    "providers/crew-process",
  ],
  infra: [
    "infra/declarations",
    "infra/config.ts",
    "infra/fleet",
    "infra/hosting/settings.ts",
    "infra/hosting/slots.ts",
    "infra/hosting/docker/url.ts",
    "infra/hosting/expected-url.ts",
    "providers/coded-error.ts",
    "providers/masumi",
    "providers/crew-process",
    "providers/crew-drain",
    "providers/docker",
    "providers/ecs",
    "providers/documents",
  ],
  "providers/coded-error.ts": [],
  "providers/printable.ts": [],
  "providers/masumi": [],
  "providers/crew-process": ["providers/coded-error.ts"],
  "providers/crew-drain": [],
  "providers/docker": ["providers/coded-error.ts"],
  "providers/ecs": ["providers/coded-error.ts"],
  "providers/documents": ["providers/coded-error.ts"],
  "local/sandbox": [],
  "local/engine": [],
  buyer: ["infra/declarations", "providers/printable.ts", "providers/masumi"],
  stacks: [
    "infra/declarations",
    "infra/config.ts",
    "infra/fleet",
    "infra/hosting/expected-url.ts",
    "providers/printable.ts",
    "providers/masumi",
    "local/sandbox",
    "local/engine",
  ],
  cli: [
    "infra/declarations",
    "infra/config.ts",
    "infra/fleet",
    "infra/hosting/expected-url.ts",
    "providers/printable.ts",
    "providers/masumi",
    "providers/crew-process",
    "local/engine",
    "buyer",
    "stacks",
  ],
};

/** Packages that only some rooms may load; every other room must do without. */
const ONLY_IN: Record<string, readonly string[]> = {
  "@pulumi/pulumi": [
    "infra",
    "providers/masumi",
    "providers/crew-process",
    "providers/crew-drain",
    "providers/docker",
    "providers/ecs",
    "providers/documents",
    "local/engine",
  ],
  "@pulumi/aws": ["infra"],
  "@pulumi/docker": ["infra"],
  "@grpc/grpc-js": ["providers/masumi", "local/engine"],
  commander: ["cli"],
};

const rooms = Object.keys(MAY_IMPORT).toSorted((a, b) => b.length - a.length);
const roomOf = (file: string) => rooms.find((room) => file === room || file.startsWith(`${room}/`));

const sources = globSync("{infra,providers,buyer,stacks,local,cli}/**/*.{ts,js}", { cwd: root }).filter(
  (file) => !/node_modules|\/test\/|fixtures/.test(file),
);

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:from|import|import\()\s*"([^"]+)"/g)].map(([, name = ""]) => name);
}

describe("imports run one way", () => {
  it("finds the sources", () => expect(sources.length).toBeGreaterThan(50));

  it.each(sources)("%s", (file) => {
    const room = roomOf(file);
    expect(room, "a file outside every room").toBeDefined();
    if (!room) return;
    const wrong = importsOf(file).filter((name) => {
      if (name.startsWith(".")) {
        const target = relative(root, resolve(root, dirname(file), name));
        const targetRoom = roomOf(target);
        return targetRoom !== room && !(MAY_IMPORT[room] ?? []).includes(targetRoom ?? target);
      }
      const allowed = Object.entries(ONLY_IN).find(([lib]) => name === lib || name.startsWith(`${lib}/`));
      return allowed !== undefined && !allowed[1].includes(room);
    });
    expect(wrong).toEqual([]);
  });
});
