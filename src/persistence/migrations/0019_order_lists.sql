-- A client's order lists, each by its first order: what the list is, is among its traits, and the last digit of an order's id tells its place.
CREATE INDEX orders_of_lists ON orders (shard, client_id, placed_sequence DESC) WHERE traits ? 'list' AND right(order_id::text, 1) = '1';
