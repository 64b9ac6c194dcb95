import type { Stripe } from "stripe";
import { describe, expect, it } from "vitest";
import { agentsOf, consequenceOf, standingOf } from "../../../portal/billing/stripe/standing.ts";

const DAY = 86_400;
const NOW = new Date("2026-11-30T00:00:00Z");
const at = (days: number) => NOW.getTime() / 1000 + days * DAY;

const item = (agents: string | undefined, quantity?: number) => ({
  price: { product: "prod_1", nickname: "nick", metadata: agents === undefined ? {} : { agents } },
  ...(quantity !== undefined && { quantity }),
});

const subscription = (fields: Record<string, unknown> = {}, items: object[] = [item("3")]) =>
  ({
    id: "sub_1",
    status: "active",
    created: at(-40),
    ended_at: null,
    trial_end: null,
    latest_invoice: { created: at(-2) },
    items: { data: items },
    ...fields,
  }) as unknown as Stripe.Subscription;

const products = new Map([["prod_1", { name: "Plan", metadata: {} }]]);
const product = (metadata: Record<string, string>) => new Map([["prod_1", { name: "Plan", metadata }]]);

const read = (...subscriptions: Stripe.Subscription[]) => {
  const standing = standingOf(subscriptions, products);
  const { state, admits, drainsAt } = consequenceOf(standing, NOW, 7);
  const days = drainsAt && (drainsAt.getTime() - NOW.getTime()) / 1000 / DAY;
  return { state, admits, allowed: standing.allowed, drainsIn: days };
};

describe("a subscription that is", () => {
  it.each([
    ["active", {}, { state: "active", admits: true, drainsIn: null }],
    ["trialing", {}, { state: "trialing", admits: true, drainsIn: null }],
    ["past_due", {}, { state: "past_due", admits: true, drainsIn: 5 }],
    ["past_due", { latest_invoice: { created: at(-7) } }, { state: "lapsed", admits: false, drainsIn: 0 }],
    ["past_due", { latest_invoice: null }, { state: "lapsed", admits: false, drainsIn: -33 }],
    ["unpaid", {}, { state: "lapsed", admits: false, drainsIn: 5 }],
    ["canceled", { ended_at: at(-1) }, { state: "lapsed", admits: false, drainsIn: 6 }],
    ["canceled", { ended_at: at(-9) }, { state: "lapsed", admits: false, drainsIn: -2 }],
    ["paused", { trial_end: at(-3) }, { state: "lapsed", admits: false, drainsIn: 4 }],
    ["incomplete", {}, { state: "none", admits: false, drainsIn: null }],
    ["incomplete_expired", {}, { state: "none", admits: false, drainsIn: null }],
    ["a status of the future", {}, { state: "none", admits: false, drainsIn: null }],
  ])("%s %j", (status, fields, expected) => {
    expect(read(subscription({ status, ...fields }))).toMatchObject(expected);
  });
});

describe("the number of agents is", () => {
  it.each([
    ["the price's", [item("3")], {}, 3],
    ["the product's", [item(undefined)], { agents: "5" }, 5],
    ["the price's rather than the product's", [item("3")], { agents: "5" }, 3],
    ["that of all items, as often as they are bought", [item("3", 2), item("1", 4)], {}, 10],
    ["what counts beside what does not", [item(undefined), item("4")], {}, 4],
    ["none of a price that says none", [item(undefined)], {}, undefined],
    ["none of what is no number", [item("many")], {}, undefined],
    ["none of what is less than nothing", [item("-1")], {}, undefined],
    ["none of what is half", [item("1.5")], {}, undefined],
    ["zero if it says so", [item("0")], {}, 0],
  ])("%s", (_what, items, metadata, expected) => {
    const standing = standingOf([subscription({}, items)], product(metadata));
    expect(standing.subscription === null ? undefined : standing.allowed).toBe(expected);
  });

  it("read from own fields alone", () => {
    expect(agentsOf({ metadata: {} }, { name: "x", metadata: { Agents: "4" } })).toBeUndefined();
  });
});

describe("of several subscriptions counts", () => {
  const three = subscription({ id: "sub_3" });
  const ten = subscription({ id: "sub_10" }, [item("10")]);
  const owed = subscription({ id: "sub_owed", status: "past_due" }, [item("99")]);
  const ended = subscription({ id: "sub_old", status: "canceled", ended_at: at(-30) }, [item("3")]);
  const endedLater = subscription({ id: "sub_new", status: "canceled", ended_at: at(-1) }, [item("3")]);
  const tea = subscription({ id: "sub_tea" }, [item(undefined)]);

  it.each([
    ["the one with most room", [three, ten], { state: "active", allowed: 10 }],
    ["the paid one", [owed, three], { state: "active", allowed: 3 }],
    ["the one that may come back", [ended, owed], { state: "past_due", allowed: 99 }],
    ["the one that ended last", [ended, endedLater], { state: "lapsed", drainsIn: 6 }],
    ["ours", [tea, endedLater], { state: "lapsed" }],
    ["none", [], { state: "none", allowed: 0 }],
  ])("%s, in whatever order Stripe lists them", (_what, list, expected) => {
    expect(read(...list)).toMatchObject(expected);
    expect(read(...list.toReversed())).toMatchObject(expected);
  });
});
