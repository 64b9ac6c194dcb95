import type { JSX } from "preact";
import { Link } from "../routing/router.tsx";
import type { Costs } from "../wire.ts";
import { COST_COLUMNS } from "./cost-columns.tsx";
import { Table } from "./loaded.tsx";

/** What each agent cost in each month; nothing where none cost anything. */
export const AgentCosts = ({ agents }: Pick<Costs, "agents">): JSX.Element | null =>
  agents.length === 0 ? null : (
    <>
      <h2 class="table-title">By agent</h2>
      <Table
        label="Costs by agent"
        rows={agents}
        keyOf={({ month, agentId }) => `${month} ${agentId}`}
        empty=""
        columns={[
          {
            title: "Agent",
            cell: ({ agentId, name, month }) => (
              <div>
                <Link to={`/agent/${encodeURIComponent(agentId)}`}>
                  <bdi>{name}</bdi>
                </Link>
                <p class="quiet">{month}</p>
              </div>
            ),
          },
          ...COST_COLUMNS,
        ]}
      />
    </>
  );
