-- Powers that were given before a role was taken are over, also where the role is given back: the number of the change that took one last.
ALTER TABLE users ADD COLUMN powers_change bigint NOT NULL DEFAULT 0;
