/** `npm run bench:crew`: how fast a crew starts, what a job costs beside its model, how much memory it takes. Linux only. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { crewEnvironment, repository } from "../helpers/project.ts";

const { python } = await crewEnvironment();
for (const program of ["tests/bench.py", "tests/bench_shared.py"]) {
  const { status } = spawnSync(python, [program], {
    cwd: join(repository, "crew"),
    stdio: "inherit",
    env: { ...process.env, PYTHONPATH: "tests" },
  });
  process.exitCode ||= status ?? 1;
}
