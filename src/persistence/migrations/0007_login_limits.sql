-- How often was tried lately need not outlive a crash of Postgres, and must not make orders wait for the disk while passwords are tried.
ALTER TABLE login_limits SET UNLOGGED;
