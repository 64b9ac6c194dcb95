import type { ContainerSize } from "./kind.ts";

/**
 * Returns the smallest of these sizes that has at least what was asked for, else the largest; undefined if the very size is there,
 * or any will do (no sizes). Never rounded silently: a size is money.
 */
export function nearestSize(
  sizes: readonly ContainerSize[],
  asked: ContainerSize,
): ContainerSize | undefined {
  const fits = ({ cpu, memory }: ContainerSize) => cpu >= asked.cpu && memory >= asked.memory;
  const nearest = sizes.find(fits) ?? sizes.at(-1);
  return nearest?.cpu === asked.cpu && nearest.memory === asked.memory ? undefined : nearest;
}
