-- Lists of a stage, the newest first; whose a deal is can be seen without looking it up.
CREATE INDEX deals_stage_created ON deals (funnel, stage, created_at, id, owner);
