/** An agent's files on the volume of a real container. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../../providers/shared-crew/store/open.ts";
import { repository } from "../../helpers/project.ts";
import { baseImage } from "../../image/base-image.ts";
import { docker, engineIsRequired, engineIsThere } from "../../image/docker.ts";

const left = !engineIsThere && !engineIsRequired;
if (left) console.warn("LEFT OUT: no Docker engine answers here (docker info), so no container takes files.");

const CONTAINER = `masumi-test-shared-store-${process.pid}`;

describe.skipIf(left)("an agent's files in a container", { timeout: 60_000 }, () => {
  const place = { kind: "docker", host: "", container: CONTAINER, folder: "/data/agents" } as const;
  const store = openStore(place, "writer");
  /** Owner, group and mode of a path in the container. */
  const rightsOf = async (path: string) => {
    const print =
      "import os, sys; s = os.stat(sys.argv[1]); print(s.st_uid, s.st_gid, oct(s.st_mode & 0o777))";
    return docker(["exec", "--user=10001:10001", CONTAINER, "python", "-c", print, path]);
  };

  beforeAll(async () => {
    const { name: base } = await baseImage(join(repository, "crew/Dockerfile"));
    await docker([
      "run",
      "--detach",
      `--name=${CONTAINER}`,
      "--cap-drop=ALL",
      "--cap-add=SETUID",
      "--cap-add=SETGID",
      "--volume=/data",
      "--entrypoint=sleep",
      base,
      "600",
    ]);
  }, 120_000);
  afterAll(async () => void (await docker(["rm", "--force", "--volumes", CONTAINER])), 60_000);

  it("are written for the service's user alone, also with long names, and read again", async () => {
    const path = `code/0123456789abcdef/${"a-long-name/".repeat(9)}crew.py`;
    const content = Buffer.from("print('hello')\n");
    await store.write([
      { path, content },
      { path: "crew.json", content: Buffer.from("{}") },
    ]);
    expect(await store.read(path)).toEqual(content);
    expect(await store.read("crew.json")).toEqual(Buffer.from("{}"));
    expect(await rightsOf(`/data/agents/writer/${path}`)).toBe("10001 10001 0o600");
    expect(await rightsOf("/data/agents")).toBe("10001 10001 0o700");
  });

  it("are replaced, and removed one by one or all together", async () => {
    await store.write([{ path: "crew.json", content: Buffer.from('{"a":1}') }]);
    expect(String(await store.read("crew.json"))).toBe('{"a":1}');
    await store.write([{ path: "documents/a.md", content: Buffer.from("a") }]);
    await store.remove(["documents/a.md", "documents/none.md"]);
    expect(await store.read("documents/a.md")).toBeUndefined();
    await store.removeAgent([]);
    expect(await store.read("crew.json")).toBeUndefined();
    await store.removeAgent([]);
  });

  it("are nowhere, and nothing is removed, once the container is gone", async () => {
    const gone = openStore({ ...place, container: "masumi-test-no-such-container" }, "writer");
    expect(await gone.read("crew.json")).toBeUndefined();
    await gone.removeAgent([]);
    await expect(gone.write([{ path: "crew.json", content: Buffer.from("{}") }])).rejects.toMatchObject({
      code: "SHARED_STORE_REFUSED",
    });
  });

  it.each(["../x", "/x", "a/../../x", "."])("never lead elsewhere: %s", async (path) => {
    await expect(store.write([{ path, content: Buffer.from("") }])).rejects.toMatchObject({
      code: "SHARED_AGENT_ELSEWHERE",
    });
  });
});
