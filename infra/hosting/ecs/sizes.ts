import type { ContainerSize } from "../kind.ts";

interface MemoryRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

const GIB = 1024;

/**
 * The sizes that Fargate offers for Linux: CPU units, and the memory available with them.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
 */
const FARGATE: ReadonlyMap<number, MemoryRange> = new Map([
  // 256 allows 512 MiB, 1 and 2 GiB: not a regular step, see memoriesOf.
  [256, { from: 512, to: 2 * GIB, step: GIB }],
  [512, { from: GIB, to: 4 * GIB, step: GIB }],
  [1024, { from: 2 * GIB, to: 8 * GIB, step: GIB }],
  [2048, { from: 4 * GIB, to: 16 * GIB, step: GIB }],
  [4096, { from: 8 * GIB, to: 30 * GIB, step: GIB }],
  [8192, { from: 16 * GIB, to: 60 * GIB, step: 4 * GIB }],
  [16_384, { from: 32 * GIB, to: 120 * GIB, step: 8 * GIB }],
]);

/** Express services allow Fargate's sizes up to this one: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html */
const EXPRESS_LIMIT: ContainerSize = { cpu: 4096, memory: 8 * GIB };

function memoriesOf(cpu: number): number[] {
  const range = FARGATE.get(cpu);
  if (!range) return [];
  const { from, to, step } = range;
  if (cpu === 256) return [from, GIB, to];
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);
}

const sizesUpTo = (limit: ContainerSize): readonly ContainerSize[] =>
  [...FARGATE.keys()].flatMap((cpu) =>
    cpu > limit.cpu
      ? []
      : memoriesOf(cpu)
          .filter((memory) => memory <= limit.memory)
          .map((memory) => ({ cpu, memory })),
  );

export const FARGATE_SIZES = sizesUpTo({ cpu: Infinity, memory: Infinity });
export const EXPRESS_SIZES = sizesUpTo(EXPRESS_LIMIT);
