-- When the move is complete, only the new application writes, and it always fills the note.
ALTER TABLE sales.orders ADD CONSTRAINT orders_have_note CHECK (note IS NOT NULL) NOT VALID;
