-- What the portal knows of its users at Stripe. Stripe has the truth; this is what was read of it last.

-- A user's customer, and what of the customer's subscriptions counts.
CREATE TABLE portal_billing_customers (
  user_id text PRIMARY KEY,
  -- Null until Stripe has answered.
  customer text UNIQUE,
  -- Part of the key under which Stripe makes the customer: another attempt may make another customer.
  attempt integer NOT NULL DEFAULT 0,
  -- How much was heard of the customer by webhooks, and how much of it had been heard when Stripe was asked last.
  heard integer NOT NULL DEFAULT 0,
  seen integer NOT NULL DEFAULT 0,
  -- Counts what was written of Stripe's answers, so that no older answer is written over a newer one.
  revision integer NOT NULL DEFAULT 0,
  read_at timestamptz,
  -- When the user was last sent to one of Stripe's pages.
  sent_at timestamptz,
  subscription text,
  -- none, trialing, active, past_due or ended.
  status text NOT NULL DEFAULT 'none',
  plan text,
  allowed integer NOT NULL DEFAULT 0,
  -- Since when it is not paid for.
  unpaid_since timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Webhooks that came. Stripe sends some of them more than once.
CREATE TABLE portal_billing_events (
  id text PRIMARY KEY,
  type text NOT NULL,
  customer text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX portal_billing_events_age ON portal_billing_events (received_at);

-- On Supabase, whoever has the publishable key reads every table that says nothing of who may. These are for the portal, their owner, alone.
ALTER TABLE portal_billing_customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_billing_events ENABLE ROW LEVEL SECURITY;
