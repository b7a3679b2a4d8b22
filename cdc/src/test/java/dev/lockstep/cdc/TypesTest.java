package dev.lockstep.cdc;

import dev.lockstep.testing.Pair;
import dev.lockstep.testing.Zoo;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Every value of every type arrives through the stream as it is.
class TypesTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    private final Pair pair = Pair.create();

    @AfterEach
    void close() {
        pair.close();
    }

    private static final String MOVE =
            """
            CREATE TEMPORARY TABLE gone_%s AS SELECT k FROM key_%s WHERE i = 0 LIMIT 1;
            DELETE FROM key_%s WHERE ctid IN (SELECT ctid FROM key_%s WHERE i = 0 LIMIT 1);
            UPDATE key_%s SET k = (SELECT k FROM gone_%s)
             WHERE ctid IN (SELECT ctid FROM key_%s WHERE i = 0 LIMIT 1)\
            """;

    @Test
    void valuesOfEveryTypeArrive() throws Exception {
        Zoo zoo = Zoo.of(18);
        create(zoo);
        try (Replication stream = new StreamFixture(pair).openStrict()) {
            for (String table : List.of("zoo", "bare")) {
                onSource(zoo.insert(table));
                stream.drain(SOON);
                same(zoo, List.of(table));
                onSource(zoo.update(table, table.equals("zoo") ? 4 : 1));
                stream.drain(SOON);
                same(zoo, List.of(table));
                onSource("DELETE FROM %s WHERE id < 3".formatted(table));
                stream.drain(SOON);
                same(zoo, List.of(table));
            }
        }
    }

    /// A few changes at once go another way than many.
    @Test
    void rowsAreFoundByKeysOfEveryType() throws Exception {
        Zoo zoo = Zoo.of(18);
        create(zoo);
        try (Replication stream = new StreamFixture(pair).openStrict()) {
            onSource(zoo.insertKeys(90));
            stream.drain(SOON);
            same(zoo, zoo.keyTables());
            onSource(zoo.perKey("UPDATE key_%s SET n = 1 WHERE i = 0"));
            onSource(zoo.perKey("DELETE FROM key_%s WHERE i = 1"));
            stream.drain(SOON);
            onSource(zoo.perKey("UPDATE key_%s SET n = -n"));
            stream.drain(SOON);
            same(zoo, zoo.keyTables());
            onSource(zoo.perKey(MOVE));
            onSource(zoo.perKey("UPDATE key_%s SET i = i + 1000 WHERE i = 2"));
            onSource(zoo.perKey("DELETE FROM key_%s WHERE i BETWEEN 4 AND 999"));
            stream.drain(SOON);
            same(zoo, zoo.keyTables());
        }
    }

    private void create(Zoo zoo) {
        // Types and their labels get other numbers in the standby's catalog.
        Pair.run(pair.target(), "CREATE TYPE first AS ENUM ('a', 'b', 'c')");
        pair.onBoth(zoo.schema());
    }

    private void onSource(String sql) {
        Pair.run(pair.source(), sql);
    }

    private void same(Zoo zoo, List<String> tables) {
        tables.forEach(table -> zoo.assertSame(pair, table));
    }
}
