import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { provider } from "../../../providers/ecs/ecr-images.ts";
import { type FakeAws, startFakeAws } from "./aws.ts";

const inputs = { access: { region: "eu-central-1" }, agentId: "market", repository: "crews" };

let aws: FakeAws;

beforeEach(async () => {
  aws = await startFakeAws();
  vi.stubEnv("AWS_ENDPOINT_URL", aws.url);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "example");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

const removed = () =>
  aws.asked.filter(({ operation }) => operation === "BatchDeleteImage").map(({ input }) => input["imageIds"]);

describe("removing an agent's images", () => {
  it("removes its own from all pages, and none whose id only begins alike", async () => {
    aws.answers = {
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
    aws.answers = { ListImages: [{ imageIds: [] }] };
    await provider.delete("market", inputs);
    expect(removed()).toEqual([]);
  });

  it("is done when the repository is gone", async () => {
    aws.answers = { ListImages: [{ __type: "RepositoryNotFoundException", message: "gone" }] };
    await expect(provider.delete("market", inputs)).resolves.toBeUndefined();
  });

  it("says what it may not do", async () => {
    aws.answers = { ListImages: [{ __type: "AccessDeniedException", message: "not allowed" }] };
    await expect(provider.delete("market", inputs)).rejects.toThrow(
      /ECS_REFUSED.*market's images.*AccessDenied/,
    );
  });
});
