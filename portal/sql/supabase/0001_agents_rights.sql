-- For Supabase, after 0001_agents.sql: signed-in users read their own agents and nobody else's, and nobody but the deploying run writes.
-- Supabase gives its roles every right on new tables, so these are taken back first.
REVOKE ALL ON agents FROM anon, authenticated;
GRANT SELECT ON agents TO authenticated;

ALTER TABLE agents ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS agents_of_user ON agents;
-- The subquery is evaluated once a statement, not once a row.
CREATE POLICY agents_of_user ON agents FOR SELECT TO authenticated USING (user_id = (SELECT auth.uid())::text);

-- Changes of their rows come to those who listen by supabase-js.
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_publication WHERE pubname = 'supabase_realtime')
    AND NOT EXISTS (
      SELECT FROM pg_publication_tables
      WHERE pubname = 'supabase_realtime' AND schemaname = current_schema() AND tablename = 'agents'
    )
  THEN
    ALTER PUBLICATION supabase_realtime ADD TABLE agents;
  END IF;
END
$$;
