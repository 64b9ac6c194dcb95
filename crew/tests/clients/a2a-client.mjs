// Does a job by the official A2A client for JavaScript, streamed and polled: {"url", "parts"} in, what was told out.
import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { Message, StreamResponse, Task, TaskState } from "@a2a-js/sdk";
import { ClientFactory } from "@a2a-js/sdk/client";

const OVER = [TaskState.TASK_STATE_COMPLETED, TaskState.TASK_STATE_FAILED, TaskState.TASK_STATE_REJECTED];
const { url, parts } = JSON.parse(await text(process.stdin));
const request = (configuration) => ({
  tenant: "",
  message: Message.fromJSON({ messageId: randomUUID(), role: "ROLE_USER", parts }),
  configuration,
  metadata: undefined,
});

const client = await new ClientFactory().createFromUrl(url);
const streamed = [];
for await (const event of client.sendMessageStream(request(undefined)))
  streamed.push(StreamResponse.toJSON(event));
const sent = await client.sendMessage(request({ acceptedOutputModes: [], returnImmediately: true }));
let task = sent.payload?.value ?? sent;
const first = task.status.state;
while (!OVER.includes(task.status.state)) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  task = await client.getTask({ tenant: "", id: task.id });
}
const card = await client.getAgentCard();
console.log(JSON.stringify({ streamed, card, first: TaskState[first], polled: Task.toJSON(task) }));
