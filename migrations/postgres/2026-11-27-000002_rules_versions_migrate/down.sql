ALTER TABLE rules_versions DROP COLUMN migrated;
ALTER TABLE rules_versions DROP COLUMN migration;
