package dev.lockstep.cdc.rows;

import java.util.List;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Rows are found by what names them, whatever happens to that.
@Execution(ExecutionMode.CONCURRENT)
class KeysTest {
    private static final String TABLES =
            """
            CREATE TABLE chain (id int PRIMARY KEY, note text);
            CREATE TABLE late_chain (
                id int UNIQUE DEFERRABLE INITIALLY DEFERRED, place int NOT NULL, note text);
            CREATE UNIQUE INDEX late_chain_place ON late_chain (place);
            ALTER TABLE late_chain REPLICA IDENTITY USING INDEX late_chain_place;
            CREATE TABLE whole_chain (id int PRIMARY KEY DEFERRABLE, note text);
            ALTER TABLE whole_chain REPLICA IDENTITY FULL;
            CREATE TABLE swap (
                a int, b text, c date, x int UNIQUE, y text, PRIMARY KEY (c, a, b), UNIQUE (y, a));
            CREATE TABLE big (
                id text PRIMARY KEY, small int, one text, other bytea, tags text[], doc jsonb);
            ALTER TABLE big ALTER one SET STORAGE EXTERNAL, ALTER other SET STORAGE EXTERNAL,
                ALTER id SET STORAGE EXTERNAL;
            CREATE TABLE big_full (LIKE big INCLUDING ALL);
            ALTER TABLE big_full REPLICA IDENTITY FULL;
            CREATE TABLE big_bare (LIKE big INCLUDING STORAGE);
            ALTER TABLE big_bare REPLICA IDENTITY FULL;
            CREATE TABLE by_index (id int PRIMARY KEY, code text NOT NULL, part int NOT NULL,
                big text);
            CREATE UNIQUE INDEX by_index_code ON by_index (part, code) INCLUDE (id);
            ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code;
            ALTER TABLE by_index ALTER big SET STORAGE EXTERNAL;
            CREATE TABLE one_column (id numeric PRIMARY KEY);
            """;

    private static final List<String> ROWS =
            List.of(
                    """
                    INSERT INTO chain SELECT i, 'n' || i FROM generate_series(3000, 1, -1) i;
                    INSERT INTO late_chain SELECT i, -i, 'n' || i FROM generate_series(1, 2500) i;
                    INSERT INTO whole_chain SELECT i, 'same' FROM generate_series(1, 150) i;
                    INSERT INTO swap
                        SELECT i % 7, 'b' || i, date '2020-01-01' + i % 5, i, 'y' || i
                          FROM generate_series(1, 2200) i;
                    INSERT INTO one_column SELECT i / 2.0 FROM generate_series(1, 200) i;
                    """,
                    """
                    INSERT INTO big
                        SELECT repeat('k', 2300) || i, i, repeat('o', 5000 + i),
                               decode(repeat('00ff', 3000), 'hex'), ARRAY['a', repeat('t', 9000)],
                               jsonb_build_object('a', repeat('d', 9000))
                          FROM generate_series(1, 60) i;
                    INSERT INTO big_full SELECT * FROM big;
                    INSERT INTO big_bare SELECT * FROM big;
                    INSERT INTO big_bare SELECT * FROM big WHERE small < 10;
                    INSERT INTO by_index
                        SELECT i, 'c' || i, i % 3, repeat('b', 3000) FROM generate_series(1, 300) i;
                    """);

    private static final List<String> CHANGES =
            List.of(
                    // The keys of a chain shift in one statement; each is free just in time.
                    "UPDATE chain SET id = id + 1",
                    "UPDATE chain SET id = id + 1, note = note || '!' WHERE id > 1500",
                    "UPDATE late_chain SET id = id + 1, note = 'shifted'",
                    "UPDATE whole_chain SET id = id + 1",
                    // Keys and unique values change hands.
                    """
                    BEGIN; UPDATE chain SET id = -1 WHERE id = 10;
                    UPDATE chain SET id = 10 WHERE id = 11;
                    UPDATE chain SET id = 11 WHERE id = -1; COMMIT
                    """,
                    """
                    BEGIN; UPDATE swap SET x = -x WHERE x <= 100;
                    UPDATE swap SET x = 101 + x WHERE x < 0;
                    UPDATE swap SET y = y || 'tmp' WHERE x <= 100;
                    UPDATE swap SET y = 'y' || x, a = a + 7 WHERE x <= 100; COMMIT
                    """,
                    """
                    UPDATE late_chain SET id = CASE id WHEN 500 THEN 501 ELSE 500 END
                     WHERE id IN (500, 501)
                    """,
                    // There and back, and gone and there again.
                    """
                    BEGIN; UPDATE chain SET id = 9999 WHERE id = 20;
                    UPDATE chain SET note = 'away' WHERE id = 9999;
                    UPDATE chain SET id = 20 WHERE id = 9999;
                    DELETE FROM chain WHERE id = 21; INSERT INTO chain VALUES (21, 'new');
                    DELETE FROM chain WHERE id = 21; INSERT INTO chain VALUES (21, 'newer');
                    INSERT INTO chain VALUES (-5, 'a'); DELETE FROM chain WHERE id = -5;
                    INSERT INTO chain VALUES (-5, 'b'); UPDATE chain SET note = 'c' WHERE id = -5;
                    INSERT INTO chain VALUES (-6, 'a'); DELETE FROM chain WHERE id = -6; COMMIT
                    """,
                    // The same number, written otherwise.
                    "UPDATE one_column SET id = (id::text || '0')::numeric",
                    "UPDATE one_column SET id = -id WHERE id > 50",
                    "DELETE FROM one_column WHERE id < 10; INSERT INTO one_column VALUES (7.00)",
                    // Large values that no change carries.
                    "UPDATE big SET small = -small; UPDATE big_full SET small = -small",
                    "UPDATE big_bare SET small = -small WHERE small < 20",
                    "UPDATE big SET id = 'short' || small WHERE small > -30",
                    "UPDATE big_full SET id = 'short' || small WHERE small > -30",
                    "UPDATE big SET id = id || 'x', one = 'short' WHERE small < -50",
                    """
                    BEGIN; UPDATE big SET small = 7 WHERE small = -7;
                    UPDATE big SET one = repeat('p', 7000) WHERE small = 7;
                    UPDATE big SET small = 8, tags = NULL WHERE small = 7;
                    DELETE FROM big WHERE small = -9; COMMIT
                    """,
                    "DELETE FROM big_bare WHERE ctid = (SELECT min(ctid) FROM big_bare)",
                    // A row is named by an index that is not its primary key.
                    "UPDATE by_index SET id = -id WHERE part = 1",
                    "UPDATE by_index SET code = code || '!' WHERE part = 2",
                    "UPDATE by_index SET part = 9, id = id + 1000 WHERE id % 10 = 0",
                    "DELETE FROM by_index WHERE id % 7 = 0");

    @ParameterizedTest
    @EnumSource
    void keysThatMoveArrive(Way way) throws Exception {
        way.carry(TABLES, ROWS, CHANGES);
    }
}
