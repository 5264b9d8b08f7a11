-- What a rebuild reads of orders that wait for a price: they stand in no book.
CREATE INDEX orders_pending ON orders (shard, instrument, priority) WHERE status = 'pending';
