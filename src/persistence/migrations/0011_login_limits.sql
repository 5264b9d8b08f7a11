-- A token bucket's time is finer than a millisecond.
ALTER TABLE login_limits ALTER COLUMN expire TYPE double precision;
-- From where a user logged in before is asked for with each password.
CREATE INDEX sessions_by_address ON sessions (user_id, address);
