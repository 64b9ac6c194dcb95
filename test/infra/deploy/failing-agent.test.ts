import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import { DOUBLES } from "./doubles.ts";
import { deploy, projectOf } from "./stack.ts";

/** How often Node says that somebody waited for a failure too late, in what `work` does. */
async function handledTooLate(work: () => Promise<unknown>): Promise<number> {
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  // Pulumi's mocks leave some that nobody ever waits for.
  process.on("unhandledRejection", () => undefined);
  let times = 0;
  const count = () => (times += 1);
  process.on("rejectionHandled", count);
  try {
    await work();
    // Node says so once nothing else is to be done.
    await sleep(10);
  } finally {
    process.off("rejectionHandled", count);
    process.removeAllListeners("unhandledRejection");
    for (const other of others) process.on("unhandledRejection", other);
  }
  return times;
}

it("an agent that fails while others are still to come fails for whoever asks for its output later", async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      if (type.endsWith(":AgentRegistration")) throw new Error("not registered");
      return { id: name, state: { ...inputs, ...DOUBLES[type]?.({ name, inputs }) } };
    },
    call: ({ token, inputs }) => DOUBLES[token]?.({ name: token, inputs }) ?? {},
  });
  const times = await handledTooLate(async () => {
    const agents = await deploy(projectOf("docker-crew-in-python"));
    for (const { answered } of agents) await expect(answered).rejects.toThrow("not registered");
    await sleep(300);
    const outputs = await Promise.allSettled(agents.map(({ output }) => output));
    expect(outputs.map(({ status }) => status)).toEqual(agents.map(() => "rejected"));
  });
  expect(times).toBe(0);
});
