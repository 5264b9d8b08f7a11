-- What only some orders ask for, by name (order-traits.ts); null for the most, which ask for nothing.
ALTER TABLE orders ADD COLUMN traits jsonb;
