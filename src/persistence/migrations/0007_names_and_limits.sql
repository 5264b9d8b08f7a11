-- How often was tried lately need not outlive a crash of Postgres, and must not make orders wait for the disk while passwords are tried.
ALTER TABLE login_limits SET UNLOGGED;

-- Names that differ in case only are one, of users and of accounts.
CREATE INDEX account_owners_name ON account_owners (lower(account));
