import { describe, expectTypeOf, it } from "vitest";
import type {
  DriftView,
  FleetView,
  RunWithLogView,
  SpendingView,
  WalletView,
} from "../../../portal/api/operator/schemas.ts";
import type {
  AgentView,
  ConfigurationView,
  MeView,
  RegistryView,
  TryView,
} from "../../../portal/api/schemas.ts";
import type { AllCostsView, CostsView } from "../../../portal/api/costs/schemas.ts";
import type { User as PortalUser } from "../../../portal/identity/user.ts";
import type { BillingStatus as PortalBilling } from "../../../portal/billing/gate.ts";
import type { SignIn as PortalSignIn } from "../../../portal/identity/index.ts";
import type {
  Agent,
  AllCosts,
  BillingStatus,
  Configuration,
  Costs,
  Drift,
  Fleet,
  Me,
  Registry,
  RunWithLog,
  SignIn,
  Spent,
  Try,
  User,
  Wallet,
} from "../../../portal/page/src/wire.ts";

/* The page has types of its own, so that no validation library gets into its bundle: they have to fit what the API says. */
describe("what the portal answers is what the page reads", () => {
  it("of agents", () => {
    // The schema leaves the fields of a form open: the declaration holds them to MIP-003.
    expectTypeOf<Omit<AgentView, "input">>().toExtend<Omit<Agent, "input">>();
    expectTypeOf<AgentView["state"]>().toEqualTypeOf<Agent["state"]>();
  });

  it("of what was tried", () => {
    expectTypeOf<TryView>().toExtend<Try>();
  });

  it("of the network's registry", () => {
    expectTypeOf<RegistryView>().toExtend<Registry>();
  });

  it("of how to sign in", () => {
    expectTypeOf<PortalSignIn>().toEqualTypeOf<SignIn>();
  });

  it("of itself", () => {
    expectTypeOf<ConfigurationView>().toExtend<Configuration>();
  });

  it("of users and what they paid", () => {
    expectTypeOf<MeView>().toExtend<Me>();
    expectTypeOf<PortalUser>().toExtend<User>();
    expectTypeOf<PortalBilling>().toExtend<BillingStatus>();
  });

  it("of costs", () => {
    expectTypeOf<CostsView>().toExtend<Costs>();
    expectTypeOf<AllCostsView>().toExtend<AllCosts>();
  });

  it("of what operators see", () => {
    expectTypeOf<FleetView>().toExtend<Fleet>();
    expectTypeOf<WalletView>().toExtend<Wallet>();
    expectTypeOf<SpendingView>().toExtend<Spent>();
    expectTypeOf<DriftView>().toExtend<Drift>();
    expectTypeOf<RunWithLogView>().toExtend<RunWithLog>();
  });
});
