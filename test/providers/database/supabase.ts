/** What Supabase has before anybody makes a table: roles with every right on new ones, its auth.uid(), and its publication. */
export const SUPABASE = `
  CREATE ROLE anon NOLOGIN; CREATE ROLE authenticated NOLOGIN;
  CREATE ROLE authenticator LOGIN PASSWORD 'front-door' NOINHERIT; GRANT anon, authenticated TO authenticator;
  CREATE ROLE writer LOGIN PASSWORD 'runs'; CREATE ROLE stranger LOGIN PASSWORD 'nothing';
  ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated;
  CREATE SCHEMA auth; GRANT USAGE ON SCHEMA auth TO anon, authenticated;
  CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (current_setting('request.jwt.claims', true)::jsonb ->> 'sub')::uuid $$;
  CREATE PUBLICATION supabase_realtime;`;
