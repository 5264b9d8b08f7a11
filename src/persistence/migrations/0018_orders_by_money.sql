-- An order by money has the quantity that it has traded: nothing, where nothing of it fit.
ALTER TABLE orders DROP CONSTRAINT orders_quantity_lots_check;
ALTER TABLE orders ADD CONSTRAINT orders_quantity_lots_check CHECK (quantity_lots > 0 OR (quantity_lots = 0 AND traits ? 'budget'));
