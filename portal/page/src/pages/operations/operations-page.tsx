import type { JSX } from "preact";
import { PageHeading } from "../../parts/page-heading.tsx";
import { Link } from "../../routing/router.tsx";
import type { SignedIn } from "../../session/session.ts";
import { NotFoundPage } from "../not-found-page.tsx";
import { CostsTab } from "./costs-tab.tsx";
import { RunLog, RunsTab } from "./runs-tab.tsx";
import { AgentsTab, DriftTab, FleetsTab, SpentTab, WalletsTab } from "./tabs.tsx";

const TABS = {
  agents: "Agents",
  fleets: "Fleets",
  wallets: "Wallets",
  spent: "Spending",
  costs: "Costs",
  drift: "Drift",
  runs: "Runs",
};

type Tab = keyof typeof TABS;

function Content({ signedIn, tab, id }: { signedIn: SignedIn; tab: Tab; id: string | undefined }) {
  const { client } = signedIn;
  switch (tab) {
    case "agents":
      return <AgentsTab client={client} />;
    case "fleets":
      return <FleetsTab client={client} />;
    case "wallets":
      return <WalletsTab client={client} />;
    case "spent":
      return <SpentTab client={client} />;
    case "costs":
      return <CostsTab client={client} />;
    case "drift":
      return <DriftTab client={client} />;
    case "runs":
      break;
  }
  return id === undefined ? <RunsTab client={client} /> : <RunLog client={client} id={id} />;
}

export interface OperationsPageProps {
  readonly signedIn: SignedIn;
  readonly tab: string;
  readonly id: string | undefined;
}

/** What only operators see: all customers' agents, and what they run on. */
export function OperationsPage({ signedIn, tab, id }: OperationsPageProps): JSX.Element {
  if (!Object.hasOwn(TABS, tab) || (id !== undefined && tab !== "runs")) return <NotFoundPage />;
  const title = TABS[tab as Tab];
  return (
    <>
      <PageHeading key={`${tab}/${id ?? ""}`} title={title} eyebrow="Operations" />
      <nav class="tabs" aria-label="Operations">
        {Object.entries(TABS).map(([name, label]) => (
          <Link key={name} to={`/operations/${name}`} current={name === tab}>
            {label}
          </Link>
        ))}
      </nav>
      <Content key={`${tab}/${id ?? ""}`} signedIn={signedIn} tab={tab as Tab} id={id} />
    </>
  );
}
