import type { RegistrationInputs } from "./inputs.ts";
import type { Session } from "./session.ts";

/** Returns the warning that an agent has several registrations: which one is kept, and which ones are to be removed. */
export const doublesWarning = (kept: string, others: readonly string[]): string =>
  `The agent is registered ${others.length + 1} times. Registration ${kept} is kept. Unless this run removes them, deregister ` +
  `${others.join(", ")} in the payment service; nothing else does.`;

/** Names the registrations besides the one in the state, which counts whatever else there is. */
export async function reportDoubles(
  session: Session,
  id: string,
  { registrations = [], resourceUrn }: Pick<RegistrationInputs, "registrations" | "resourceUrn">,
): Promise<void> {
  if (!registrations.includes(id)) return;
  const others = registrations.filter((other) => other !== id);
  session.note("warning", resourceUrn, doublesWarning(id, others));
  await session.flush();
}
