DROP TABLE rules_removed;
DROP TABLE rules_drafts;
ALTER TABLE rules_versions DROP COLUMN superseded_at;
ALTER TABLE rules_versions DROP COLUMN draft;
ALTER TABLE rules_versions DROP COLUMN activated_by;
