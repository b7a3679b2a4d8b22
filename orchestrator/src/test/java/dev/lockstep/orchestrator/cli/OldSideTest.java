package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What becomes of the database that applications have left.
class OldSideTest {
    private static final String TABLES =
            """
            CREATE TABLE item (id int PRIMARY KEY, name text);
            CREATE TABLE part (n int PRIMARY KEY) PARTITION BY RANGE (n);
            CREATE TABLE part_1 PARTITION OF part DEFAULT;
            """;

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void itGoesOnRefusingWritesWhereThePlanWantsThatUntilOneStatementFreesIt() {
        pair.onBoth(TABLES);
        Move move = Move.of(folder, pair, "schema: { copy: none }\ncomplete: { old-side: fenced }");
        move.told("run", "--until", "in-step").done();
        move.told("cutover").done();
        Pair.run(target, "INSERT INTO item VALUES (1, 'a'); INSERT INTO part VALUES (1)");
        String told = move.told("complete").done();
        String schema = "lockstep_fenced_" + move.name().replace('-', '_');
        String free = "DROP SCHEMA \"%s\" CASCADE".formatted(schema);
        assertThat(told).contains("refuses writes still", source.label(), free);
        for (String table : new String[] {"item", "part", "part_1"}) {
            Sides.refuses(source, "DELETE FROM " + table, target);
            Sides.refuses(source, "TRUNCATE " + table, target);
        }
        assertThat(Pair.rows(source, "SELECT id FROM item")).containsExactly("(1)");
        assertThat(Traces.lockstepsOwn(source)).hasSize(5).allMatch(line -> line.contains(schema));
        Refusals.ofRun(Move.of(folder, pair), source, target)
                .refused(4, "PRECONDITION", "refuse writes since an earlier run", free);
        Pair.run(source, free);
        assertThat(Traces.lockstepsOwn(source)).isEmpty();
        Pair.run(source, "DELETE FROM item; TRUNCATE part");
        Pair.run(target, "DELETE FROM item; TRUNCATE part");
    }

    @Test
    void itTakesWritesAgainOtherwise() {
        pair.onBoth(TABLES);
        Move move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
        move.told("cutover").done();
        assertThat(move.told("complete").done()).doesNotContain("DROP SCHEMA");
        assertThat(Traces.lockstepsOwn(source)).isEmpty();
        Pair.run(source, "INSERT INTO item VALUES (1, 'a')");
    }
}
