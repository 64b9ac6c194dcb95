import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Where the long tests are, the longest first. The others follow, large files before small ones. Else a long one might begin when all others
 * have ended, and be waited for alone.
 */
const LONG = [
  "test/e2e/",
  "test/package/",
  "local/engine/test/golden.test.ts",
  "test/providers/crew-process/",
  "test/image/",
  "test/buyer/crew.test.ts",
  "test/cli/try.test.ts",
  "test/cli/interrupt.test.ts",
  "test/cli/tables.test.ts",
  "test/cli/config-first.test.ts",
  "local/engine/test/",
  "test/portal/",
  "test/plugins/",
  "test/providers/masumi/resources/faults.test.ts",
  "test/cli/",
  "test/chaos/",
] as const;

const rank = ({ moduleId }: TestSpecification): number => {
  const found = LONG.findIndex((place) => moduleId.includes(`/${place}`));
  return found < 0 ? LONG.length : found;
};

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files); // oxlint-disable-line unicorn/no-array-sort -- Vitest's own
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}
