DROP TABLE stage_renames;
