DROP INDEX deals_stage_created;
