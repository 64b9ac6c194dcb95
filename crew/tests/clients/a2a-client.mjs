// Does a job by the official A2A client for JavaScript, streamed and polled: {"url", "parts"} in, what was told out.
// With a `purchaser`, only the message is sent that begins a paid job; with a `task`, that one is followed to its end, and
// the file `mark` made when the first event is there.
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { Message, StreamResponse, Task, TaskState } from "@a2a-js/sdk";
import { ClientFactory } from "@a2a-js/sdk/client";

const OVER = [TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_REJECTED];
const { url, parts, purchaser, task: bought, mark } = JSON.parse(await text(process.stdin));
const metadata = purchaser && { masumi: { identifier_from_purchaser: purchaser } };
const request = (configuration) => ({
  tenant: "",
  message: Message.fromJSON({ messageId: randomUUID(), role: "ROLE_USER", parts, metadata }),
  configuration,
  metadata: undefined,
});

const client = await new ClientFactory().createFromUrl(url);

async function streamed(events) {
  const told = [];
  for await (const event of events) {
    told.push(StreamResponse.toJSON(event));
    if (mark) writeFileSync(mark, "");
  }
  return told;
}

async function sent(configuration) {
  const answer = await client.sendMessage(request(configuration));
  return answer.payload?.value ?? answer;
}

async function polled(id) {
  const task = await client.getTask({ tenant: "", id });
  if (OVER.includes(task.status.state)) return Task.toJSON(task);
  await new Promise((resolve) => setTimeout(resolve, 100));
  return polled(id);
}

async function twice() {
  const events = await streamed(client.sendMessageStream(request(undefined)));
  const task = await sent({ acceptedOutputModes: [], returnImmediately: true });
  const first = TaskState[task.status.state];
  const last = OVER.includes(task.status.state) ? Task.toJSON(task) : await polled(task.id);
  return { streamed: events, card: await client.getAgentCard(), first, polled: last };
}

const followed = async (id) => ({
  streamed: await streamed(client.resubscribeTask({ tenant: "", id })),
  polled: await polled(id),
});

const begun = async () => ({ task: Task.toJSON(await sent(undefined)) });

console.log(JSON.stringify(await (bought ? followed(bought) : purchaser ? begun() : twice())));
