import type { HostingKind } from "../traits.ts";

/** CPU units (1024 are one core) and memory in MiB. */
export interface ContainerSize {
  readonly cpu: number;
  readonly memory: number;
}

interface MemoryRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

const GIB = 1024;

/**
 * What Fargate offers, for Linux: CPU units, and the memory that goes with them.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
 */
const FARGATE: ReadonlyMap<number, MemoryRange> = new Map([
  // 256 takes 512 MiB, 1 and 2 GiB: no regular step, see memoriesOf.
  [256, { from: 512, to: 2 * GIB, step: GIB }],
  [512, { from: GIB, to: 4 * GIB, step: GIB }],
  [1024, { from: 2 * GIB, to: 8 * GIB, step: GIB }],
  [2048, { from: 4 * GIB, to: 16 * GIB, step: GIB }],
  [4096, { from: 8 * GIB, to: 30 * GIB, step: GIB }],
  [8192, { from: 16 * GIB, to: 60 * GIB, step: 4 * GIB }],
  [16_384, { from: 32 * GIB, to: 120 * GIB, step: 8 * GIB }],
]);

/** An Express service takes Fargate's sizes up to these: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateExpressGatewayService.html */
const EXPRESS_LIMIT: ContainerSize = { cpu: 4096, memory: 8 * GIB };

function memoriesOf(cpu: number): number[] {
  const range = FARGATE.get(cpu);
  if (!range) return [];
  const { from, to, step } = range;
  if (cpu === 256) return [from, GIB, to];
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);
}

/** Every size that a hosting has, the smallest first; none where any size will do. */
export function sizesOf(hosting: HostingKind): readonly ContainerSize[] {
  if (hosting !== "ecs-alb" && hosting !== "ecs-express") return [];
  const limit = hosting === "ecs-express" ? EXPRESS_LIMIT : { cpu: Infinity, memory: Infinity };
  return [...FARGATE.keys()].flatMap((cpu) =>
    cpu > limit.cpu
      ? []
      : memoriesOf(cpu)
          .filter((memory) => memory <= limit.memory)
          .map((memory) => ({ cpu, memory })),
  );
}

/**
 * The smallest size of a hosting that has at least what was asked for, else its largest; undefined if the very size is
 * there, or the hosting takes any. Never rounded silently: a size is money.
 */
export function nearestSize(hosting: HostingKind, asked: ContainerSize): ContainerSize | undefined {
  const sizes = sizesOf(hosting);
  const fits = ({ cpu, memory }: ContainerSize) => cpu >= asked.cpu && memory >= asked.memory;
  const nearest = sizes.find(fits) ?? sizes.at(-1);
  return nearest?.cpu === asked.cpu && nearest.memory === asked.memory ? undefined : nearest;
}
