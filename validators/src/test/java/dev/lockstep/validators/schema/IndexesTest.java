package dev.lockstep.validators.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.validators.schema.Finding.Severity;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Indexes that are missing, stricter, broken, or not there yet.
class IndexesTest {
    private static final String BEING_BUILT =
            """
            SELECT EXISTS (SELECT FROM pg_stat_progress_create_index p
                             JOIN pg_class c ON c.oid = p.index_relid
                            WHERE c.relname = 't_n' AND p.datname = current_database())\
            """;

    static Stream<Planted> indexes() {
        String item = "ALTER TABLE \"My Item\" ";
        return Stream.of(
                Planted.note("CREATE INDEX ON \"My Item\" (n)", "", "indexes", "USING btree (n)"),
                Planted.note(
                        "CREATE UNIQUE INDEX u ON \"My Item\" (n)",
                        "CREATE INDEX u ON \"My Item\" (n)",
                        "indexes",
                        "unique index \"u\"",
                        "would be taken there"),
                Planted.note(
                        "", "CREATE UNIQUE INDEX u ON \"My Item\" (n)", "indexes", "standby alone"),
                Planted.note(
                        "",
                        item + "ADD z int; CREATE UNIQUE INDEX u ON \"My Item\" (n) INCLUDE (z)",
                        "indexes",
                        "standby alone"),
                Planted.note(
                        "",
                        item
                                + "ADD z int; CREATE UNIQUE INDEX u ON \"My Item\" (n)"
                                + " WHERE z IS NULL",
                        "indexes",
                        "standby alone"),
                Planted.note("CREATE INDEX p ON part (n)", "", "indexes", "public.part\"", "\"p\""),
                Planted.note(
                        "CREATE INDEX ON \"My Item\" (n DESC) WHERE id > 0",
                        "CREATE INDEX ON \"My Item\" (n DESC) WHERE id > 1",
                        "indexes",
                        "(id > 0)"));
    }

    @ParameterizedTest
    @MethodSource("indexes")
    void isFound(Planted planted) {
        planted.isFound();
    }

    @Test
    void aUniqueIndexWhoseBuildFailedIsAnError() {
        try (Pair pair = Pair.create()) {
            SchemaScene scene = new SchemaScene(pair);
            pair.onBoth("CREATE TABLE t (id int PRIMARY KEY, n int)");
            scene.onActive("CREATE UNIQUE INDEX t_n ON t (n)");
            scene.onStandby("INSERT INTO t VALUES (1, 1), (2, 1)");
            fail(pair.target(), "CREATE UNIQUE INDEX CONCURRENTLY t_n ON public.t (n)");
            assertThat(scene.findings())
                    .extracting(Finding::check, Finding::severity)
                    .contains(tuple("indexes", Severity.ERROR));
            scene.onStandby("DELETE FROM t WHERE id = 2; REINDEX INDEX t_n");
            assertThat(scene.findings()).isEmpty();
        }
    }

    @Test
    void oneThatIsBrokenAsOnTheActiveIsANoteUnlessTheActiveHasOneThatIsNot() {
        try (Pair pair = Pair.create()) {
            SchemaScene scene = new SchemaScene(pair);
            pair.onBoth("CREATE TABLE t (id int PRIMARY KEY, n int)");
            pair.onBoth("INSERT INTO t VALUES (1, 1), (2, 1)");
            fail(pair.source(), "CREATE UNIQUE INDEX CONCURRENTLY t_n ON public.t (n)");
            fail(pair.target(), "CREATE UNIQUE INDEX CONCURRENTLY t_n ON public.t (n)");
            assertThat(scene.findings()).extracting(Finding::severity).containsOnly(Severity.NOTE);
            scene.onActive("DELETE FROM t WHERE id = 2; CREATE UNIQUE INDEX good ON t (n)");
            assertThat(scene.findings())
                    .filteredOn(Finding::forbidsSwitch)
                    .singleElement()
                    .matches(finding -> !finding.text().contains("as here"));
        }
    }

    @Test
    void aUniqueIndexThatIsBeingBuiltMayFailYet() throws Exception {
        try (Pair pair = Pair.create();
                Session writes = pair.target().session("writes");
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            SchemaScene scene = new SchemaScene(pair);
            pair.onBoth("CREATE TABLE t (id int PRIMARY KEY, n int)");
            scene.onActive("CREATE UNIQUE INDEX t_n ON t (n)");
            writes.begin();
            writes.run("INSERT INTO public.t VALUES (1, 1)");
            Future<?> built =
                    threads.submit(() -> {
                        try (Session session = pair.target().session("builds")) {
                            session.run("CREATE UNIQUE INDEX CONCURRENTLY t_n ON public.t (n)");
                        }
                    });
            waitUntilBuilding(pair);
            assertThat(scene.findings())
                    .filteredOn(Finding::forbidsSwitch)
                    .singleElement()
                    .matches(finding ->
                            finding.text().endsWith("being built; wait until it is there"));
            writes.rollback();
            built.get();
            assertThat(scene.findings()).isEmpty();
        }
    }

    private static void waitUntilBuilding(Pair pair) {
        try (Session session = pair.target().session("looks")) {
            for (int i = 0; i < 600 && !session.flag(BEING_BUILT); i++) {
                session.run("SELECT pg_sleep(0.05)");
            }
        }
    }

    private static void fail(Db db, String sql) {
        try (Session session = db.session("fails")) {
            session.run(sql);
            throw new AssertionError("did not fail: " + sql);
        } catch (LockstepException e) {
            assertThat(e.text()).contains("unique");
        }
    }
}
