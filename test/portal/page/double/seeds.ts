import type { Agent, User } from "../../../../portal/page/src/wire.ts";
import type { World } from "./world.ts";

const MINUTE = 60_000;

/** Puts agents in many states into a double, as a customer has them after a while. */
export function seed(world: World, user: User): void {
  const make = (
    template: string,
    name: string,
    bio: string,
    description: string,
    changed: Partial<Agent>,
    docs: string[] = [],
  ) => {
    const uploads = docs.map((doc) => ({ name: doc, text: `${doc}\n`.repeat(12_000) }));
    const { agentId } = world.create(user, template, { name, bio, description }, uploads);
    world.set(agentId, changed);
    return agentId;
  };
  const at = (minutes: number) => new Date(Date.now() - minutes * MINUTE).toISOString();
  const way = (steps: readonly string[], from: number) =>
    steps.map((step, index) => ({ step, at: at(from - index * 0.4) }));
  const all = ["accepted", "declared", "running", "requested", "onChain", "registered"];
  const id = (seed: string) => `7e8bdaf2b2b919a3a4b94002cafb50086c0c845fe535d07a77ab7f77${seed.repeat(8)}`;

  make(
    "document-expert",
    "Contract reader",
    "Patient and exact. Quotes the clause it relies on.",
    "Answers questions on lease and supply contracts, with the clause.",
    {
      state: "requested",
      url: "https://agents.example.com/contract-reader",
      expectedAt: new Date(Date.now() + 2.6 * MINUTE).toISOString(),
      timeline: way(all.slice(0, 4), 1.5),
    },
    ["lease-2026.pdf", "terms-of-supply.pdf"],
  );
  make(
    "researcher",
    "Market scout",
    "Curious, brief, sceptical of round numbers.",
    "Sizes a market and names its sources.",
    {
      state: "failed",
      timeline: way(all.slice(0, 2), 20),
      problem: {
        error: "AGENT_NOT_ANSWERING",
        detail:
          "The agent did not answer at its address within two minutes, so nothing was spent on a registration.",
        remedy:
          "Change the agent or ask for it to be started again; the portal tries once more with the next run.",
      },
    },
  );
  const desk = make(
    "support-desk",
    "Alpine Gear help desk",
    "Friendly, to the point, never guesses.",
    "Answers questions on orders, returns and care of outdoor clothing.",
    {
      state: "registered",
      url: "https://agents.example.com/alpine-gear-help-desk",
      masumiId: id("0c4f9a"),
      timeline: [
        ...way(all, 2900),
        ...way(["changed", "declared", "running", "requested", "onChain", "registered"], 130),
      ],
      evaluations: {
        evaluatedAt: at(140),
        declaration: "9f2c41d07ab35e6688d1",
        isCurrent: true,
        passed: false,
        isStub: false,
        evals: [
          { name: "Names the deadline for returns", passed: true },
          { name: "Refuses legal advice", passed: false },
        ],
      },
      deployments: [
        {
          id: "r2",
          state: "succeeded",
          startedAt: at(130),
          endedAt: at(128),
        },
        {
          id: "r1",
          state: "succeeded",
          startedAt: at(2900),
          endedAt: at(2898),
        },
      ],
      input: [
        {
          id: "question",
          type: "textarea",
          name: "Question",
          data: { placeholder: "Can I return worn boots?" },
        },
        {
          id: "language",
          type: "option",
          name: "Language",
          data: { values: ["English", "Deutsch", "Français"], default: "English" },
        },
        {
          id: "order",
          type: "string",
          name: "Order number",
          validations: [{ validation: "optional", value: "true" }],
        },
      ],
    },
    ["returns-and-refunds.md", "care-guide.pdf"],
  );
  world.registry.set(desk, {
    askedAt: at(0),
    problem: null,
    health: {
      status: "Online",
      reason: null,
      uptimePercent: 99.4,
      checks: 1204,
      checkedAt: at(3),
      firstSeenAt: at(2890),
      supersedes: true,
      rank: { place: 17, score: 0.61, purchases: 0.42, uptime: 0.99, age: 0.43 },
    },
  });
  const asked = "Question: Can I return worn boots?\nLanguage: English";
  const answer =
    "Worn boots can be returned within 90 days if the sole is undamaged.\n\n(returns-and-refunds.md)";
  const problem = "The model refused the request.";
  for (const tried of [
    { state: "refused", input: "Question: ?", problem: "question: is too short", endedAt: at(60) },
    { state: "failed", input: asked, problem, endedAt: at(49.5) },
    { state: "succeeded", input: asked, answer, endedAt: at(39.8), user: "an-operator" },
    { state: "succeeded", input: asked, answer, endedAt: at(29.6) },
    { state: "running", input: asked, endedAt: null },
  ] as const) {
    const startedAt = at(60 - 10 * (world.tries.get(desk)?.length ?? 0));
    world.addTry(desk, { user: user.id, ...tried, id: startedAt, startedAt });
  }
}
