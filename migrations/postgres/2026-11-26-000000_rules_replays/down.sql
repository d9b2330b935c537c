DROP TABLE rules_replay_items;
DROP TABLE rules_replays;
