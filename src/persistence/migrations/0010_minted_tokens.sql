-- A login can be one access token and nothing else: without a refresh token, and from no address that its user was ever at.
ALTER TABLE sessions ALTER COLUMN current_digest DROP NOT NULL;
ALTER TABLE sessions ALTER COLUMN address DROP NOT NULL;
-- Who minted it for the user.
ALTER TABLE sessions ADD COLUMN minted_by uuid REFERENCES users;
CREATE INDEX sessions_by_minter ON sessions (minted_by) WHERE ended_at IS NULL AND minted_by IS NOT NULL;
