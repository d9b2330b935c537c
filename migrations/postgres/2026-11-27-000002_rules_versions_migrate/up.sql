-- What became of things in use with a version: what its text and its activation said together, and how many records
-- that were. Not known of versions before this.
ALTER TABLE rules_versions ADD COLUMN migration json;
ALTER TABLE rules_versions ADD COLUMN migrated json;
