import { describe, expectTypeOf, it } from "vitest";
import type { AgentView, TryView } from "../../../portal/api/schemas.ts";
import type { User as PortalUser } from "../../../portal/identity/user.ts";
import type { BillingStatus as PortalBilling } from "../../../portal/billing/gate.ts";
import type { SignIn as PortalSignIn } from "../../../portal/identity/index.ts";
import type { Agent, BillingStatus, SignIn, Try, User } from "../../../portal/page/src/wire.ts";

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

  it("of how to sign in", () => {
    expectTypeOf<PortalSignIn>().toEqualTypeOf<SignIn>();
  });

  it("of users and what they paid", () => {
    expectTypeOf<PortalUser>().toExtend<User>();
    expectTypeOf<PortalBilling>().toExtend<BillingStatus>();
  });
});
