-- What is done with powers is on record before it is done; what came of it follows, as a row of its own. Without one nobody knows.
ALTER TABLE audit_log ALTER COLUMN outcome DROP NOT NULL;
ALTER TABLE audit_log ADD COLUMN api_key text;
CREATE TABLE audit_outcomes (
  act_id  uuid        PRIMARY KEY REFERENCES audit_log (act_id),
  at      timestamptz NOT NULL DEFAULT now(),
  outcome text        NOT NULL
);
CREATE TRIGGER audit_outcomes_append_only
  BEFORE UPDATE OR DELETE ON audit_outcomes FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_outcomes_not_truncated
  BEFORE TRUNCATE ON audit_outcomes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
