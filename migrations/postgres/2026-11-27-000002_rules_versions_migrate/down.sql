ALTER TABLE rules_versions DROP COLUMN migration;
