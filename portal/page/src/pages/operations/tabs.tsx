import type { JSX } from "preact";
import type { Client } from "../../api/client.ts";
import { CopyText } from "../../parts/copy-text.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { Link } from "../../routing/router.tsx";
import { momentText, shortMoment } from "../../texts.ts";
import type { Agent, Drift, Fleet, Spent, Wallet } from "../../wire.ts";
import { Loaded, Table } from "../../tables/loaded.tsx";

export interface TabProps {
  readonly client: Client;
}

const FLEET_STATES: Readonly<Record<Fleet["state"], { readonly label: string; readonly tone: string }>> = {
  deployed: { label: "Deployed", tone: "good" },
  behind: { label: "Behind", tone: "busy" },
  running: { label: "Deploying", tone: "busy" },
  failed: { label: "Failed", tone: "bad" },
};

export const commitText = (commit: string | null): JSX.Element =>
  commit === null ? <span class="quiet">none</span> : <code>{commit.slice(0, 8)}</code>;
export const whenText = (at: string | null): string => (at === null ? "never" : shortMoment(at));

export const AgentsTab = ({ client }: TabProps): JSX.Element => (
  <Loaded<{ agents: readonly Agent[] }> client={client} path="/operator/agents">
    {({ agents }) => (
      <Table
        label="Agents of all customers"
        rows={agents}
        keyOf={({ agentId }) => agentId}
        empty="There are no agents yet."
        columns={[
          {
            title: "Agent",
            cell: ({ agentId, name }) => (
              <Link to={`/agent/${encodeURIComponent(agentId)}`}>
                <bdi>{name}</bdi>
              </Link>
            ),
          },
          { title: "Customer", cell: ({ user, userName }) => <span title={user}>{userName ?? user}</span> },
          { title: "State", cell: ({ state }) => <StateBadge state={state} /> },
          { title: "Price", cell: ({ price }) => price },
          { title: "Updated", cell: ({ updatedAt }) => shortMoment(updatedAt) },
        ]}
      />
    )}
  </Loaded>
);

export const FleetsTab = ({ client }: TabProps): JSX.Element => (
  <Loaded<{ fleets: readonly Fleet[] }> client={client} path="/operator/fleets">
    {({ fleets }) => (
      <Table
        label="Fleets"
        rows={fleets}
        keyOf={({ id }) => id}
        empty="There is no fleet yet: the first customer's agent makes one."
        columns={[
          {
            title: "Fleet",
            cell: ({ id, stack }) => (
              <>
                {id}
                <p class="quiet">Stack {stack}</p>
              </>
            ),
          },
          { title: "Agents", cell: ({ agents, most }) => `${agents} of ${most}` },
          {
            title: "State",
            cell: ({ state }) => (
              <span class={`badge badge-${FLEET_STATES[state].tone}`}>{FLEET_STATES[state].label}</span>
            ),
          },
          { title: "Newest commit", cell: ({ commit }) => commitText(commit) },
          { title: "Deployed commit", cell: ({ deployedCommit }) => commitText(deployedCommit) },
          { title: "Last run", cell: ({ lastRunAt }) => whenText(lastRunAt) },
        ]}
      />
    )}
  </Loaded>
);

export const WalletsTab = ({ client }: TabProps): JSX.Element => (
  <Loaded<{ wallets: readonly Wallet[] }> client={client} path="/operator/wallets">
    {({ wallets }) => (
      <Table
        label="Wallets"
        rows={wallets}
        keyOf={({ vkey, type }) => `${vkey} ${type}`}
        empty="No fleet has a wallet yet."
        columns={[
          {
            title: "Address",
            cell: ({ address, vkey }) =>
              address === null ? (
                <CopyText text={vkey} label="Key" />
              ) : (
                <CopyText text={address} label="Address" />
              ),
          },
          { title: "Type", cell: ({ type }) => type },
          { title: "Fleets", cell: ({ fleets }) => fleets.join(", ") },
          {
            title: "Balance",
            cell: ({ ada, low, detail }) => (
              <>
                {ada === null ? <span class="quiet">unknown</span> : `${ada} ADA`}
                {low ? <span class="badge badge-bad">Low</span> : null}
                {detail === null ? null : <p class="quiet">{detail}</p>}
              </>
            ),
          },
        ]}
      />
    )}
  </Loaded>
);

export const SpentTab = ({ client }: TabProps): JSX.Element => (
  <Loaded<Spent> client={client} path="/operator/spent">
    {({ fees, locked, days }) => (
      <>
        <dl class="figures">
          <div>
            <dt>Fees paid</dt>
            <dd>{fees} ADA</dd>
          </div>
          <div>
            <dt>Locked beside registrations</dt>
            <dd>{locked} ADA</dd>
          </div>
        </dl>
        <Table
          label="Spending over time"
          rows={days}
          keyOf={({ day }) => day}
          empty="Nothing has been spent yet."
          columns={[
            { title: "When", cell: ({ day }) => day },
            { title: "Registrations", cell: ({ registrations }) => registrations },
            { title: "Fees", cell: ({ fees }) => `${fees} ADA` },
          ]}
        />
      </>
    )}
  </Loaded>
);

export const DriftTab = ({ client }: TabProps): JSX.Element => (
  <Loaded<Drift> client={client} path="/operator/drift">
    {({ checkedAt, drift }) => (
      <>
        <p class="quiet">
          {checkedAt === null
            ? "Not compared with the network yet."
            : `Compared with the network: ${momentText(checkedAt)}.`}
        </p>
        <Table
          label="Drift"
          rows={drift}
          keyOf={({ fleet, agentId, kind, detail }) => `${fleet} ${agentId ?? ""} ${kind} ${detail}`}
          empty="What runs and what is on the chain is what is declared."
          columns={[
            { title: "Fleet", cell: ({ fleet }) => fleet },
            { title: "Agent", cell: ({ agentId }) => agentId ?? "" },
            { title: "What", cell: ({ kind }) => kind },
            { title: "Detail", cell: ({ detail }) => detail },
          ]}
        />
      </>
    )}
  </Loaded>
);
