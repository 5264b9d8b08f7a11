-- What acts on an account's orders as a whole: a dead man's switch, a stop, the lease of a connection (domain/controls.ts).
CREATE TABLE account_controls (
  shard    text   NOT NULL,
  control  text   NOT NULL CHECK (control IN ('cancel_after', 'kill', 'lease')),
  account  text   NOT NULL,
  -- The instrument of a switch, '' for all; the lease; '' of a stop.
  detail   text   NOT NULL,
  -- When a switch triggers; else since when it is there.
  at_us    bigint NOT NULL,
  -- Log sequence of the last change.
  sequence bigint NOT NULL,
  PRIMARY KEY (shard, control, account, detail)
);
