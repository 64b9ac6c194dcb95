import type { JSX } from "preact";
import { RUN_STATES } from "../../parts/deployments.tsx";
import { Link } from "../../routing/router.tsx";
import { durationText } from "../../texts.ts";
import type { Run, RunState, RunWithLog } from "../../wire.ts";
import { Loaded, Table } from "../../tables/loaded.tsx";
import { type TabProps, commitText, whenText } from "./tabs.tsx";

const Badge = ({ state }: { readonly state: RunState }) => (
  <span class={`badge badge-${RUN_STATES[state].tone}`}>{RUN_STATES[state].label}</span>
);

const took = ({ startedAt, endedAt }: Run): string =>
  startedAt === null || endedAt === null ? "" : durationText(startedAt, endedAt);

export const RunsTab = ({ client }: TabProps): JSX.Element => (
  <Loaded<{ runs: readonly Run[] }> client={client} path="/operator/runs">
    {({ runs }) => (
      <Table
        label="Runs"
        rows={runs}
        keyOf={({ id }) => id}
        empty="Nothing has been deployed yet."
        columns={[
          {
            title: "Started",
            cell: ({ id, startedAt }) => (
              <Link to={`/operations/runs/${encodeURIComponent(id)}`}>{whenText(startedAt)}</Link>
            ),
          },
          { title: "Fleet", cell: ({ fleet }) => fleet },
          { title: "State", cell: ({ state }) => <Badge state={state} /> },
          { title: "Took", cell: took },
          { title: "Commit", cell: ({ commit }) => commitText(commit) },
          { title: "What", cell: ({ summary }) => <span dir="auto">{summary}</span> },
        ]}
      />
    )}
  </Loaded>
);

/** One run with its log. */
export const RunLog = ({ client, id }: TabProps & { readonly id: string }): JSX.Element => (
  <Loaded<RunWithLog> client={client} path={`/operator/runs/${encodeURIComponent(id)}`}>
    {(run) => (
      <section class="panel stack" aria-labelledby="run">
        <h2 id="run">
          {run.fleet}, {whenText(run.startedAt)}
        </h2>
        <p>
          <Badge state={run.state} /> <span class="quiet">{took(run)}</span> {run.summary}
        </p>
        <div class="log" role="region" aria-label="Log" tabIndex={0}>
          <pre>{run.log || "Nothing was logged."}</pre>
        </div>
      </section>
    )}
  </Loaded>
);
