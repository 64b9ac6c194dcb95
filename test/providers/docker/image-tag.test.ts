import { describe, expect, it, onTestFinished } from "vitest";
import { provider } from "../../../providers/docker/image-tag.ts";
import { scriptedEngine } from "./engine.ts";

const inputs = { host: "", tag: "masumi-agents-local:a-12", image: "sha256:ab" };

async function remove(status: number): Promise<readonly string[]> {
  const engine = await scriptedEngine(() => ({ status, body: "no room" }));
  onTestFinished(() => engine.close());
  await provider.delete("id", { ...inputs, host: engine.host });
  return engine.asked;
}

describe("the tag of a built image", () => {
  it.each([
    ["is removed", 200],
    ["may be gone already", 404],
    ["stays if another container runs it", 409],
  ])("%s", async (_what, status) => {
    expect(await remove(status)).toEqual(["DELETE /images/masumi-agents-local:a-12"]);
  });

  it("that the engine does not remove is said", async () => {
    await expect(remove(403)).rejects.toThrow(/DOCKER_ENGINE_FAILED: .*a-12: 403 no room/);
  });

  it("tells what is to run", async () => {
    expect(await provider.create(inputs)).toEqual({ id: inputs.tag, outs: inputs });
    expect(await provider.update("id", inputs, inputs)).toEqual({ outs: inputs });
  });

  it.each([
    ["tag", { changes: true, replaces: ["tag"] }],
    ["host", { changes: true, replaces: ["host"] }],
    ["image", { changes: true, replaces: [] }],
  ])("counts another %s as a change", async (key, expected) => {
    expect(await provider.diff("id", inputs, { ...inputs, [key]: "other" })).toEqual(expected);
    expect(await provider.diff("id", inputs, inputs)).toEqual({ changes: false, replaces: [] });
  });
});
