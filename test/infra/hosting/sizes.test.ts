import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearestSize } from "../../../infra/hosting/sizes.ts";
import { TRAITS } from "../../../infra/hosting/traits.ts";

describe("sizes of containers", () => {
  it.each([
    ["ecs-alb", 256, 512, undefined],
    ["ecs-alb", 256, 1024, undefined],
    ["ecs-alb", 256, 1536, { cpu: 256, memory: 2048 }],
    ["ecs-alb", 256, 3072, { cpu: 512, memory: 3072 }],
    ["ecs-alb", 512, 512, { cpu: 512, memory: 1024 }],
    ["ecs-alb", 1024, 1024, { cpu: 1024, memory: 2048 }],
    ["ecs-alb", 4096, 30_720, undefined],
    ["ecs-alb", 4096, 31_744, { cpu: 8192, memory: 32_768 }],
    ["ecs-alb", 8192, 18_432, { cpu: 8192, memory: 20_480 }],
    ["ecs-alb", 16_384, 122_880, undefined],
    ["ecs-alb", 16_384, 200_000, { cpu: 16_384, memory: 122_880 }],
    ["ecs-express", 4096, 8192, undefined],
    ["ecs-express", 4096, 16_384, { cpu: 4096, memory: 8192 }],
    ["docker", 512, 777, undefined],
    ["process", 512, 777, undefined],
  ] as const)("%s: cpu %i with memory %i → %j", (hosting, cpu, memory, nearest) => {
    expect(nearestSize(TRAITS[hosting].sizes, { cpu, memory })).toEqual(nearest);
  });

  const asked = fc.record({
    cpu: fc.constantFrom(256, 512, 1024, 2048, 4096, 8192, 16_384),
    memory: fc.integer({ min: 512, max: 122_880 }),
  });

  it("are never rounded down, but to the largest", () => {
    fc.assert(
      fc.property(fc.constantFrom("ecs-alb" as const, "ecs-express" as const), asked, (hosting, size) => {
        const nearest = nearestSize(TRAITS[hosting].sizes, size) ?? size;
        const largest = TRAITS[hosting].sizes.at(-1);
        expect(TRAITS[hosting].sizes).toContainEqual(nearest);
        expect(nearestSize(TRAITS[hosting].sizes, nearest)).toBeUndefined();
        if (nearest.cpu === largest?.cpu && nearest.memory === largest.memory) return;
        expect(nearest.cpu).toBeGreaterThanOrEqual(size.cpu);
        expect(nearest.memory).toBeGreaterThanOrEqual(size.memory);
      }),
    );
  });
});
