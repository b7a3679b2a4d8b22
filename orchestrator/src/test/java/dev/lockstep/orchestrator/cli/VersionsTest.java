package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole runs between servers of different majors, up and down.
class VersionsTest {
    private static final String SHOP =
            """
            CREATE TYPE mood AS ENUM ('low', 'high');
            CREATE TABLE client (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE, mood mood,
                low text GENERATED ALWAYS AS (lower(name)) STORED);
            CREATE TABLE bill (
                client bigint REFERENCES client, no int, at timestamptz, total numeric, note jsonb,
                PRIMARY KEY (client, no)) PARTITION BY RANGE (no);
            CREATE TABLE bill_1 PARTITION OF bill FOR VALUES FROM (0) TO (10);
            CREATE TABLE bill_2 PARTITION OF bill FOR VALUES FROM (10) TO (20);
            CREATE TABLE line (what text, tags text[], raw bytea);
            ALTER TABLE line REPLICA IDENTITY FULL;
            """;
    private static final String ROWS =
            """
            INSERT INTO client (name, mood)
                SELECT 'Client ' || i, (ARRAY['low', 'high'])[1 + i % 2]::mood
                  FROM generate_series(1, 100) i;
            INSERT INTO bill SELECT i, i % 20, '2020-02-02 20:20:20.202020+02', i * 1.10, '{"a":1}'
                  FROM generate_series(1, 100) i;
            INSERT INTO line SELECT 'x', ARRAY['a', NULL, i::text], decode('00ff', 'hex')
                  FROM generate_series(1, 50) i;
            """;
    private static final List<String> TABLES =
            List.of(
                    "SELECT * FROM client ORDER BY id",
                    "SELECT * FROM bill ORDER BY client, no",
                    "SELECT * FROM line ORDER BY tags, what");

    @TempDir Path folder = Path.of("");

    /// Each version on some side; with `-Dlockstep.heavy=true` on both.
    static Stream<Arguments> versions() {
        Stream<Arguments> some =
                Stream.of(Arguments.of(14, 18), Arguments.of(17, 15), Arguments.of(18, 16));
        Stream<Arguments> more =
                Stream.of(Arguments.of(15, 17), Arguments.of(16, 15), Arguments.of(18, 14));
        return Boolean.getBoolean("lockstep.heavy") ? Stream.concat(some, more) : some;
    }

    @ParameterizedTest
    @MethodSource("versions")
    void aRunGoesThereAndBackAndThere(int from, int to) {
        try (Db source = PostgresServer.shared(from).database();
                Db target = PostgresServer.shared(to).database()) {
            Pair pair = Pair.of(source, target);
            pair.onBoth(SHOP);
            Pair.run(source, ROWS);
            Move move = Move.of(folder, pair);
            try (LiveRun run = LiveRun.inStep(move)) {
                assertThat(version(source)).startsWith(from + ".");
                assertThat(version(target)).startsWith(to + ".");
                change(source, 1);
                move.told("cutover").done();
                Sides.refuses(source, "DELETE FROM line", target);
                change(target, 2);
                move.told("rollback").done();
                Sides.refuses(target, "DELETE FROM line", source);
                change(source, 3);
                move.told("validate").done();
                move.told("cutover").done();
                change(target, 4);
                move.told("complete").done();
                run.ended().done();
            }
            TABLES.forEach(
                    rows -> assertThat(Pair.rows(source, rows)).isEqualTo(Pair.rows(target, rows)));
            Sides.areLeftClean(pair);
        }
    }

    private static String version(Db db) {
        return db.call(session -> session.one("SHOW server_version"));
    }

    private static void change(Db db, int round) {
        Pair.run(
                db,
                """
                INSERT INTO client (name, mood) VALUES ('New %1$d', 'low');
                INSERT INTO bill SELECT max(id), 19, '2021-01-01', 0.00, NULL FROM client;
                UPDATE client SET name = name || ' %1$d' WHERE id %% 7 = %1$d;
                UPDATE bill SET no = 20 - no WHERE client %% 9 = %1$d AND no > 0;
                DELETE FROM bill WHERE client %% 11 = %1$d;
                UPDATE line SET what = what || '%1$d' WHERE tags @> ARRAY['%1$d'];
                DELETE FROM line WHERE tags @> ARRAY['3%1$d'];
                """
                        .formatted(round));
    }
}
