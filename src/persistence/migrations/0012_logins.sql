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
