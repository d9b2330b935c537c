ALTER TABLE rules_replays DROP COLUMN attempts;
ALTER TABLE rules_previews DROP COLUMN attempts;
