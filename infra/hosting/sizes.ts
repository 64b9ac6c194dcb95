import type { ContainerSize } from "./kind.ts";

/**
 * Returns the smallest of these sizes that is large enough, otherwise the largest; undefined if exactly this size is available,
 * or any size is possible (no sizes). Sizes cost money, so they are never rounded silently.
 */
export function nearestSize(
  sizes: readonly ContainerSize[],
  asked: ContainerSize,
): ContainerSize | undefined {
  const fits = ({ cpu, memory }: ContainerSize) => cpu >= asked.cpu && memory >= asked.memory;
  const nearest = sizes.find(fits) ?? sizes.at(-1);
  return nearest?.cpu === asked.cpu && nearest.memory === asked.memory ? undefined : nearest;
}
