-- Nullable and without a default: rows that come from the source leave it empty.
ALTER TABLE sales.orders ADD COLUMN note text;
