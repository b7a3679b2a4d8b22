package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
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

    @Test
    void valuesOfEveryTypeArrive() throws Exception {
        streams(pair, Zoo.of(18));
    }

    static void streams(Pair pair, Zoo zoo) throws Exception {
        // Types and their labels get other numbers in the standby's catalog.
        Pair.run(pair.target(), "CREATE TYPE first AS ENUM ('a', 'b', 'c')");
        pair.onBoth(zoo.schema());
        StreamFixture fixture = new StreamFixture(pair);
        try (Replication stream = fixture.openStrict()) {
            for (String table : List.of("zoo", "bare")) {
                Pair.run(pair.source(), zoo.insert(table));
                stream.drain(SOON);
                same(pair, zoo, table);
                Pair.run(pair.source(), zoo.update(table));
                stream.drain(SOON);
                same(pair, zoo, table);
            }
        }
    }

    static void same(Pair pair, Zoo zoo, String table) {
        assertThat(values(pair.target(), zoo, table))
                .isEqualTo(values(pair.source(), zoo, table))
                .isNotEmpty();
    }

    private static List<String> values(Db db, Zoo zoo, String table) {
        try (Session session = db.session("test")) {
            session.run(Zoo.SETTINGS);
            return session
                    .rows(
                            "SELECT v::text AS text FROM (%s) AS v".formatted(zoo.values(table)),
                            row -> row.text("text"))
                    .stream()
                    .sorted()
                    .toList();
        }
    }
}
