-- On Supabase, whoever has the publishable key reads and writes every table that says nothing of who may. These are for the portal, their
-- owner, alone: what is in portal_requests becomes declarations.
ALTER TABLE portal_migrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_fleets ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_agents ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE portal_answers ENABLE ROW LEVEL SECURITY;

-- Runs use the table of agents too, and outside Supabase their role need not own it. There it is closed until
-- supabase/0001_agents_rights.sql opens it to those whose agents they are.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'anon') THEN
    ALTER TABLE agents ENABLE ROW LEVEL SECURITY;
  END IF;
END
$$;
