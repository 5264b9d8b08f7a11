-- An act is kept once: whoever does not learn whether it was kept tries again under the same id. Acts of before have none.
ALTER TABLE audit_log ADD COLUMN act_id uuid;
ALTER TABLE audit_log ADD CONSTRAINT audit_log_act_id_key UNIQUE (act_id);
