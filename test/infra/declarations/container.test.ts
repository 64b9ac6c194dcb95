import { describe, expect, it } from "vitest";
import { confinementOf, extraRights } from "../../../infra/declarations/index.ts";

const image = { kind: "image", image: "example/a@sha256:00" } as const;
const asked = {
  user: "1000:1000",
  readOnly: false,
  capabilities: ["NET_BIND_SERVICE", "CHOWN"],
  pids: 2048,
} as const;

describe("an author's own image", () => {
  it("has no rights that nobody asked for, and the plan has nothing to say", () => {
    expect(confinementOf({ source: image })).toMatchObject({ readOnly: true, capabilities: [] });
    expect(extraRights({ source: image })).toEqual([]);
  });

  it("gets what its file asks for, and the plan says each", () => {
    expect(confinementOf({ source: image, container: asked })).toEqual(asked);
    expect(extraRights({ source: image, container: asked })).toEqual([
      "runs as user 1000:1000",
      "writes to its whole file system",
      "keeps the capabilities NET_BIND_SERVICE, CHOWN",
      "has up to 2048 processes",
    ]);
  });
});

it("the crew runtime keeps the rights to become another user, whatever a file says, and no other", () => {
  const entry = { kind: "crew", module: "crew", paths: ["."] } as const;
  const source = { kind: "code", folder: "crew", entry } as const;
  expect(confinementOf({ source, container: asked })).toMatchObject({
    readOnly: true,
    capabilities: ["SETGID", "SETUID"],
  });
});
