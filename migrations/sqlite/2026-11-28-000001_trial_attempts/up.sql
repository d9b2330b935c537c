-- How often a preview was begun, and a replay gone on with since it last came further: what fails each time must end.
ALTER TABLE rules_previews ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rules_replays ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
