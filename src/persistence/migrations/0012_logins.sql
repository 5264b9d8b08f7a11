-- From where users logged in, the latest of each: it outlives the logins.
CREATE TABLE known_addresses (
  user_id uuid        NOT NULL REFERENCES users,
  address text        NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (user_id, address)
);
INSERT INTO known_addresses (user_id, address, last_at)
  SELECT user_id, address, last_at FROM (
    SELECT user_id, address, max(created_at) AS last_at, row_number() OVER (PARTITION BY user_id ORDER BY max(created_at) DESC) AS place
      FROM sessions WHERE address IS NOT NULL GROUP BY user_id, address
  ) AS latest WHERE place <= 100;
-- Until when an access token of a login can be good. Of before nobody knows how long that was: a day is the longest there is.
ALTER TABLE sessions ADD COLUMN tokens_until timestamptz;
UPDATE sessions SET tokens_until = now() + interval '1 day' WHERE coalesce(ended_at, expires_at) > now() - interval '1 day';
DROP INDEX sessions_by_user;
CREATE INDEX sessions_by_user ON sessions (user_id, expires_at) WHERE ended_at IS NULL;
-- Those of which nothing can be good any more are deleted.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;
-- A user has so many at a time.
ALTER TABLE sessions DROP CONSTRAINT sessions_end_reason_check;
ALTER TABLE sessions ADD CONSTRAINT sessions_end_reason_check CHECK (end_reason IN ('logged_out', 'password_changed', 'refresh_reused', 'reset', 'too_many'));
