-- Token buckets, whose time is finer than a millisecond, and all else that is counted of logins: in a table of its own, since programs of
-- before that still run have prepared what they ask of theirs. It need not outlive a crash, either.
CREATE UNLOGGED TABLE login_buckets (
  key    text             PRIMARY KEY,
  points integer          NOT NULL DEFAULT 0,
  expire double precision NOT NULL
);
