import { describe, expect, it } from "vitest";
import { provider } from "../../../providers/ecs/ecr-images.ts";
import { useFakeAws } from "./aws.ts";

const inputs = { access: { region: "eu-central-1" }, agentId: "market", repository: "crews" };

const fakeAws = useFakeAws();

const removed = () =>
  fakeAws()
    .asked.filter(({ operation }) => operation === "BatchDeleteImage")
    .map(({ input }) => input["imageIds"]);

describe("removing an agent's images", () => {
  it("removes its own from all pages, and none whose id only begins alike", async () => {
    fakeAws().answers = {
      ListImages: [
        {
          imageIds: [{ imageTag: "market-0a1b" }, { imageTag: "market-researcher-0a1b" }],
          nextToken: "more",
        },
        { imageIds: [{ imageTag: "market-2c3d" }, { imageTag: "_runtime-0a1b" }] },
      ],
      BatchDeleteImage: [{}],
    };
    await provider.delete("market", inputs);
    expect(removed()).toEqual([[{ imageTag: "market-0a1b" }, { imageTag: "market-2c3d" }]]);
  });

  it("asks nothing more when there is none", async () => {
    fakeAws().answers = { ListImages: [{ imageIds: [] }] };
    await provider.delete("market", inputs);
    expect(removed()).toEqual([]);
  });

  it("is done when the repository is gone", async () => {
    fakeAws().answers = { ListImages: [{ __type: "RepositoryNotFoundException", message: "gone" }] };
    await expect(provider.delete("market", inputs)).resolves.toBeUndefined();
  });

  it("says what it may not do", async () => {
    fakeAws().answers = { ListImages: [{ __type: "AccessDeniedException", message: "not allowed" }] };
    await expect(provider.delete("market", inputs)).rejects.toThrow(
      /ECS_REFUSED.*market's images.*AccessDenied/,
    );
  });
});
