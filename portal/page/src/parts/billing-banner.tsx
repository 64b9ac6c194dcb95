import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { explain } from "../api/problem.ts";
import type { SignedIn } from "../session/session.ts";
import { dateText, plural } from "../texts.ts";
import { announce } from "./announcer.tsx";
import { BusyButton } from "./busy-button.tsx";
import { Notice } from "./notice.tsx";

/** Leaves for the payment provider's page, which leads back to `returnPath`. */
export async function goToBilling(
  signedIn: SignedIn,
  page: "checkout" | "portal",
  returnPath: string,
): Promise<void> {
  const { url } = await signedIn.client.send<{ url: string }>("POST", `/billing/${page}`, { returnPath });
  location.assign(url);
}

interface BillingButtonProps {
  readonly signedIn: SignedIn;
  readonly page: "checkout" | "portal";
  readonly label: string;
}

export function BillingButton({ signedIn, page, label }: BillingButtonProps): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const go = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await goToBilling(signedIn, page, location.pathname);
    } catch (error) {
      const { title, detail } = explain(error);
      setProblem(`${title}. ${detail}`);
      announce(title);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <BusyButton busy={busy} kind={page === "checkout" ? "primary" : "plain"} onClick={() => void go()}>
        {label}
      </BusyButton>
      {problem === undefined ? null : <p class="problem">{problem}</p>}
    </>
  );
}

/** What keeps the user from creating another agent, and what would change it; undefined if nothing that the portal has told. */
export function planNeeded({ config, me }: SignedIn): string | undefined {
  const { state, allowed } = me.billing;
  if (config.billing === "none") return undefined;
  if (state === "none" || state === "lapsed") return "Creating an agent needs a subscription. Choose a plan";
  const isFull = allowed !== null && me.agents >= allowed;
  return isFull ? "Your plan has no room for another agent. Change the plan" : undefined;
}

interface BillingBannerProps {
  readonly signedIn: SignedIn;
  /** Whether an agent is being created, the one thing that operators need a subscription for. @default false */
  readonly isCreating?: boolean;
}

/** How the user's subscription stands; nothing if there is nothing to do about it. */
export function BillingBanner({ signedIn, isCreating = false }: BillingBannerProps): JSX.Element | null {
  const { config, me } = signedIn;
  const { state, drainsAt, plan, allowed } = me.billing;
  if (config.billing === "none" || state === "active") return null;
  if (state === "none" && me.user.isOperator && !isCreating) return null;
  const until = drainsAt === null ? "soon" : `on ${dateText(drainsAt)}`;
  const portal = (label: string) => <BillingButton signedIn={signedIn} page="portal" label={label} />;
  const checkout = (label: string) => <BillingButton signedIn={signedIn} page="checkout" label={label} />;
  switch (state) {
    case "none":
      return (
        <Notice tone="info" title="Choose a plan to create agents" action={checkout("Choose a plan")}>
          <p>You have no subscription yet. You can look around, and prepare your first agent.</p>
        </Notice>
      );
    case "trialing":
      return (
        <Notice tone="info" title={`You are trying ${plan ?? "a plan"}`} action={portal("Manage the plan")}>
          <p>
            {allowed === null ? "As many agents as you want" : `Up to ${plural(allowed, "agent")}`}
            {drainsAt === null ? "." : `. The trial ends on ${dateText(drainsAt)}.`}
          </p>
        </Notice>
      );
    case "past_due":
      return (
        <Notice tone="warning" title="A payment did not go through" action={portal("Update the payment")}>
          <p>Your agents go on working. Without a payment they shut down {until}.</p>
        </Notice>
      );
    case "lapsed":
      break;
  }
  return (
    <Notice tone="bad" title="Your subscription has ended" action={checkout("Subscribe again")}>
      <p>Your agents finish their open jobs and leave the network {until}. Subscribe again to keep them.</p>
    </Notice>
  );
}
