import type { ComponentChildren, JSX } from "preact";
import { Link, usePath } from "../routing/router.tsx";
import { type SignedIn, signOut } from "../session/session.ts";
import { useStore } from "../store.ts";
import type { Link as LinkState } from "../live/follow.ts";

const LINKS: Readonly<Record<LinkState, string>> = {
  connecting: "Connecting",
  live: "Live",
  polling: "Every 5 s",
  offline: "Offline",
};

export const Brand = (): JSX.Element => (
  <Link to="/" class="brand">
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path class="ring-0" d="M16 6.5a9.5 9.5 0 1 1-8.2 4.7" />
      <path class="ring-1" d="M16 11.5a4.5 4.5 0 1 0 4.5 4.5" />
      <circle cx="16" cy="16" r="1.6" />
    </svg>
    <span>Masumi agents</span>
  </Link>
);

function LinkSign({ signedIn }: { readonly signedIn: SignedIn }) {
  const link = useStore(signedIn.live.link);
  return (
    <span class="link-sign" data-link={link}>
      <span class="unseen">Connection: </span>
      {LINKS[link]}
    </span>
  );
}

function Navigation({ signedIn }: { readonly signedIn: SignedIn }) {
  const path = usePath();
  const { user } = signedIn.me;
  return (
    <>
      <nav aria-label="Main">
        <Link to="/" current={path === "/" || path.startsWith("/agent/")}>
          Your agents
        </Link>
        <Link to="/costs" current={path === "/costs"}>
          Costs
        </Link>
        {user.isOperator ? (
          <Link to="/operations" current={path.startsWith("/operations")}>
            Operations
          </Link>
        ) : null}
      </nav>
      <div class="who">
        <LinkSign signedIn={signedIn} />
        <span class="who-name" title={user.email ?? user.id}>
          {user.email ?? user.id}
        </span>
        <button type="button" class="link-button" onClick={() => signOut()}>
          Sign out
        </button>
      </div>
    </>
  );
}

/** What is around every page. */
export function Shell({
  signedIn,
  children,
}: {
  readonly signedIn?: SignedIn;
  readonly children: ComponentChildren;
}): JSX.Element {
  const skip = (event: Event) => {
    event.preventDefault();
    document.querySelector<HTMLElement>("h1")?.focus();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header class="top">
        <div class="top-inner">
          <Brand />
          {signedIn ? <Navigation signedIn={signedIn} /> : null}
        </div>
      </header>
      <main id="main">{children}</main>
    </>
  );
}
