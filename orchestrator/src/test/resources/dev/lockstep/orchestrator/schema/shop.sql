-- A schema with one of everything that a dump brings, and parts that are out of scope.
CREATE SCHEMA sales;
CREATE SCHEMA "Odd ""schema.;";
CREATE SCHEMA lockstep;
CREATE SCHEMA tools;
CREATE EXTENSION hstore SCHEMA tools;
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE DOMAIN cents AS bigint CHECK (VALUE >= 0);
CREATE TYPE address AS (street text, city text);
CREATE FUNCTION label(int) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN $1 > 0 THEN 'p;' || $1 ELSE 'n' END;
CREATE FUNCTION atomic(i int) RETURNS int LANGUAGE sql
    BEGIN ATOMIC SELECT CASE WHEN i > 0 THEN 1 ELSE 2 END; SELECT i; END;
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.note := 'script $script$ text $text$ '';' || $body$ -- $body$;
    RETURN NEW;
END $$;
CREATE SEQUENCE ticket INCREMENT 5;
CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text UNIQUE,
    mood mood DEFAULT 'low' NOT NULL,
    home address,
    note text DEFAULT label(1),
    boss bigint REFERENCES customer,
    low_email text GENERATED ALWAYS AS (lower(email)) STORED,
    CONSTRAINT "odd, name" CHECK (label(1) <> note)
);
COMMENT ON TABLE customer IS 'who; buys';
COMMENT ON CONSTRAINT customer_email_key ON customer IS 'one mail each';
CREATE INDEX customer_some ON customer (lower(note)) WHERE mood = 'high';
CREATE TRIGGER noted BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION noted();
CREATE STATISTICS customer_both ON email, mood FROM customer;
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON customer USING (true);
CREATE TABLE sales.orders (
    id serial, customer bigint NOT NULL REFERENCES customer, total cents, at date NOT NULL,
    ticket bigint DEFAULT nextval('ticket'),
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE sales.orders_1 PARTITION OF sales.orders FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE sales.orders_2 PARTITION OF sales.orders FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE INDEX orders_customer ON sales.orders (customer);
CREATE UNIQUE INDEX orders_ticket ON sales.orders (ticket, at);
CREATE TABLE sales.booking (room int, extra tools.hstore, during int4range, EXCLUDE USING gist (during WITH &&));
ALTER TABLE sales.booking REPLICA IDENTITY FULL;
CREATE TABLE "Odd ""schema.;"."Ta""ble $1 ?" ("co;l" int NOT NULL, b text);
CREATE UNIQUE INDEX "in dex" ON "Odd ""schema.;"."Ta""ble $1 ?" ("co;l");
CREATE UNIQUE INDEX other ON "Odd ""schema.;"."Ta""ble $1 ?" (b);
ALTER TABLE "Odd ""schema.;"."Ta""ble $1 ?" REPLICA IDENTITY USING INDEX "in dex";
CREATE RULE kept AS ON DELETE TO "Odd ""schema.;"."Ta""ble $1 ?" DO ALSO (SELECT 1; SELECT 2);
CREATE VIEW rich AS SELECT * FROM customer WHERE mood = 'high';
CREATE VIEW richer AS SELECT id, email FROM rich;
CREATE VIEW grouped AS SELECT c.id, c.email, count(*) AS n FROM customer c GROUP BY c.id;
CREATE MATERIALIZED VIEW count_all AS SELECT count(*) AS n FROM customer;
CREATE MATERIALIZED VIEW count_twice AS SELECT n * 2 AS n FROM count_all;
CREATE UNIQUE INDEX count_n ON count_all (n);
CREATE MATERIALIZED VIEW never AS SELECT 1 AS one WITH NO DATA;
GRANT SELECT, INSERT ON customer, sales.orders TO shop_reader;
GRANT USAGE ON SCHEMA sales TO shop_reader;
GRANT SELECT (email) ON customer TO shop_reader;
ALTER TABLE sales.booking OWNER TO shop_reader;
CREATE TABLE audit_log (id serial PRIMARY KEY, what text);
CREATE VIEW audited AS SELECT * FROM audit_log;
CREATE MATERIALIZED VIEW audited_twice AS SELECT * FROM audited;
CREATE FUNCTION lockstep.refuse_write() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER lockstep_refuse_shop BEFORE TRUNCATE ON customer EXECUTE FUNCTION lockstep.refuse_write();
CREATE PUBLICATION shop_publication FOR ALL TABLES;
