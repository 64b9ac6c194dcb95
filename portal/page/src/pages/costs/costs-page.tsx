import type { JSX } from "preact";
import { AgentCosts } from "../../tables/agent-costs.tsx";
import { COST_COLUMNS } from "../../tables/cost-columns.tsx";
import { Loaded, Table } from "../../tables/loaded.tsx";
import { Notice } from "../../parts/notice.tsx";
import { PageHeading } from "../../parts/page-heading.tsx";
import type { SignedIn } from "../../session/session.ts";
import { momentText, plural } from "../../texts.ts";
import type { Costs } from "../../wire.ts";

/** What a customer's own agents cost, by month and agent. */
export function CostsPage({ signedIn }: { readonly signedIn: SignedIn }): JSX.Element {
  return (
    <>
      <PageHeading title="Costs" eyebrow={signedIn.config.network}>
        <p class="quiet">
          What your agents used of language models, how long they ran, and the fees of their registrations, by
          month (UTC).
        </p>
      </PageHeading>
      <Loaded<Costs> client={signedIn.client} path="/me/costs">
        {(costs) => <CostsOf costs={costs} />}
      </Loaded>
    </>
  );
}

function CostsOf({ costs: { readAt, months, agents, missing } }: { readonly costs: Costs }) {
  return (
    <>
      {missing.length === 0 ? null : (
        <Notice tone="warning" title="Not all is known just now">
          <p>
            What {plural(missing.length, "agent")} used could not be read. The page tries again by itself.
          </p>
        </Notice>
      )}
      <Table
        label="Costs by month"
        rows={months}
        keyOf={({ month }) => month}
        empty="Your agents have cost nothing yet."
        columns={[{ title: "Month", cell: ({ month }) => month }, ...COST_COLUMNS]}
      />
      <AgentCosts agents={agents} />
      {readAt === null ? null : <p class="quiet">Read: {momentText(readAt)}.</p>}
    </>
  );
}
