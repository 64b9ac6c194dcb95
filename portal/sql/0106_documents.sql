-- The documents that this portal stored: where they are kept, others may keep theirs, which are not its to remove.
CREATE TABLE portal_documents (
  sha256 text PRIMARY KEY,
  -- When the place where it is kept says that it was stored. Null while it is being stored, and of documents of an older portal.
  stored_at timestamptz,
  -- Since when neither an agent nor a declaration has named it; null if one does.
  unnamed_since timestamptz
);
ALTER TABLE portal_documents ENABLE ROW LEVEL SECURITY;

INSERT INTO portal_documents (sha256)
SELECT DISTINCT document->>'sha256' FROM portal_agents, jsonb_array_elements(form->'documents') document
WHERE state <> 'deregistered';
