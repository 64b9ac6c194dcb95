import type { OwnFiles, ReportIn } from "./own-files.ts";

/** What an image runs, in both forms: `CMD crewai run` and `CMD ["crewai", "run"]`. The last one counts. */
const STARTS = /^[ \t]*(?:CMD|ENTRYPOINT)\b(?:\\\r?\n|[^\n])*/gim;
const ONE_RUN = /\bcrewai["',\s]+(?:run|(?:flow["',\s]+)?kickoff|train|test|replay)\b/;

/** Complains of a Dockerfile that starts one run of CrewAI: it answers nobody, which would be noticed only once it was built and waited for. */
export function checkStartedCommand(files: OwnFiles, isProject: boolean, report: ReportIn): void {
  const last = [...files.text("Dockerfile").matchAll(STARTS)].at(-1);
  const found = last && ONE_RUN.exec(last[0]);
  if (!last || !found) return;
  report(
    "Dockerfile",
    last.index + found.index,
    "this starts one run of the crew, and nothing that answers an agent's requests",
    isProject
      ? "remove the Dockerfile: the crew runtime serves the project as it is"
      : "start a server that speaks MIP-003 there",
  );
}
