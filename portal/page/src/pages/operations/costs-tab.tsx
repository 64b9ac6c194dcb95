import type { JSX } from "preact";
import { AgentCosts } from "../../tables/agent-costs.tsx";
import { COST_COLUMNS } from "../../tables/cost-columns.tsx";
import { Loaded, Table } from "../../tables/loaded.tsx";
import { Notice } from "../../parts/notice.tsx";
import type { AllCosts } from "../../wire.ts";
import type { TabProps } from "./tabs.tsx";

/** What all customers' agents cost. */
export const CostsTab = ({ client }: TabProps): JSX.Element => (
  <Loaded<AllCosts> client={client} path="/operator/costs">
    {({ months, customers, agents, missing }) => (
      <>
        {missing.length === 0 ? null : (
          <Notice tone="warning" title="Not all could be read">
            <ul>
              {missing.map(({ agentId, reason }) => (
                <li key={agentId}>
                  {agentId}: {reason}
                </li>
              ))}
            </ul>
          </Notice>
        )}
        <Table
          label="Costs by month"
          rows={months}
          keyOf={({ month }) => month}
          empty="No agent has cost anything yet."
          columns={[{ title: "Month", cell: ({ month }) => month }, ...COST_COLUMNS]}
        />
        {customers.length === 0 ? null : (
          <>
            <h2 class="table-title">By customer</h2>
            <Table
              label="Costs by customer"
              rows={customers}
              keyOf={({ month, user }) => `${month} ${user}`}
              empty=""
              columns={[
                {
                  title: "Customer",
                  cell: ({ month, user, userName, agents: count }) => (
                    <div>
                      <span title={user}>{userName}</span>
                      <p class="quiet">
                        {month}, {count} {count === 1 ? "agent" : "agents"}
                      </p>
                    </div>
                  ),
                },
                ...COST_COLUMNS,
              ]}
            />
          </>
        )}
        <AgentCosts agents={agents} />
      </>
    )}
  </Loaded>
);
