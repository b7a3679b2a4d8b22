package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run in step goes on comparing, and what it finds decides about the next switch.
class ContinuousTest {
    /// The first table is a part of a pass by itself.
    private static final String SHOP =
            """
            CREATE TABLE big (id int PRIMARY KEY, note text);
            ALTER TABLE big ALTER note SET STORAGE EXTERNAL;
            CREATE TABLE item (id int PRIMARY KEY, note text);
            CREATE TABLE tick (n int);
            ALTER TABLE tick REPLICA IDENTITY FULL;
            """;

    private static final String FILL =
            """
            INSERT INTO big SELECT i, repeat('x', 1000000) FROM generate_series(1, 40) i;
            INSERT INTO item SELECT i, 'n' FROM generate_series(1, 1000) i;
            INSERT INTO tick SELECT i % 7 FROM generate_series(1, 100) i;
            """;

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    private Move move = new Move("", Path.of(""));
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void start() {
        pair.onBoth(SHOP);
        Pair.run(source, FILL);
        move =
                Move.of(
                        folder,
                        pair,
                        """
                        schema: { copy: none }
                        verify: { max-age: 4s, continuous: 100% }\
                        """);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private String finishedAt() {
        return Status.of(move).json().path("lastVerification").path("finishedAt").asText();
    }

    private String verdict() {
        return Status.of(move).json().path("lastVerification").path("verdict").asText();
    }

    private List<String> reports() {
        Path reports = folder.resolve("lockstep-reports").resolve(move.name());
        try (Stream<Path> files = Files.list(reports)) {
            List<String> texts = new ArrayList<>();
            for (Path file : files.filter(f -> f.toString().endsWith(".json")).toList()) {
                texts.add(Files.readString(file));
            }
            return texts;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A part of a pass is at a cut of its own, and there is none while a transaction is open that
    /// writes. So whatever comes in this one comes between two parts.
    @Test
    void aPassIsNotCleanIfTheStandbyIsTouchedBetweenItsParts() {
        try (LiveRun run = LiveRun.inStep(move);
                Session between = source.session("between")) {
            awaitAnotherPass();
            do {
                between.rollback();
                awaitThatTheFirstPartIsCompared();
                between.begin();
                between.one("SELECT pg_current_xact_id()::text");
            } while (!isCompared(source));
            Pair.run(
                    target,
                    "SET session_replication_role = replica; UPDATE big SET note = 'x'"
                            + " WHERE id = 3");
            LiveRun.await("alarm", () -> Status.of(move).text().contains("ALARM"));
            between.rollback();
            awaitVerdict("mismatch");
            String journal = move.told("journal").done();
            assertThat(journal.substring(journal.indexOf("StandbyTouched")))
                    .doesNotContain("\"match\":true");
            assertThat(run).isNotNull();
        }
        move.told("abort").done();
    }

    private static boolean isCompared(Db db) {
        return db.call(session ->
                session.flag(
                        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname ="
                                + " current_database() AND state = 'active' AND"
                                + " pid <> pg_backend_pid() AND query LIKE '%hash%\"big\"%')"));
    }

    private void awaitThatTheFirstPartIsCompared() {
        while (!isCompared(source)) {
            Thread.onSpinWait();
        }
    }

    private static void spoil(Db db, int id) {
        Pair.run(
                db,
                "SET session_replication_role = replica;"
                        + " UPDATE item SET note = 'spoilt' WHERE id = "
                        + id);
    }

    private void awaitVerdict(String verdict) {
        LiveRun.await("verdict " + verdict, () -> verdict().equals(verdict));
    }

    private void awaitAnotherPass() {
        String before = finishedAt();
        LiveRun.await("another pass", () -> !finishedAt().equals(before));
    }

    @Test
    void verificationsGoOnWhileRowsAreWritten() {
        try (LiveRun run = LiveRun.inStep(move)) {
            AtomicBoolean enough = new AtomicBoolean();
            Thread writer = Thread.ofVirtual().start(() -> write(enough));
            awaitAnotherPass();
            awaitAnotherPass();
            Status status = Status.of(move);
            assertThat(verdict()).isEqualTo("match");
            assertThat(status.text())
                    .containsPattern(
                            "verified +match, 0 differences; every row at or after LSN [0-9A-F]+/"
                                    + "[0-9A-F]+, the oldest [0-9]+ seconds? ago");
            assertThat(move.told("journal").done()).contains("\"tables\":3");
            assertThat(reports()).anyMatch(text -> text.contains("\"verify.continuous\""));
            enough.set(true);
            awaitEnd(writer);
            move.told("cutover").done();
            awaitAnotherPass();
            assertThat(verdict()).isEqualTo("match");
            assertThat(run).isNotNull();
        }
        move.told("rollback").done();
        move.told("abort").done();
        assertThat(Traces.lockstepsOwn(source)).isEmpty();
    }

    private void write(AtomicBoolean enough) {
        for (int i = 2_000; !enough.get(); i++) {
            Pair.run(
                    source,
                    ("INSERT INTO item VALUES (%d, 'later'); INSERT INTO tick VALUES (3);"
                                    + " UPDATE big SET note = note || 'y' WHERE id = 7;"
                                    + " DELETE FROM item WHERE id = %d")
                            .formatted(i, i - 1000));
        }
    }

    private static void awaitEnd(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aDifferenceClosesTheWayUntilItIsGone() {
        try (LiveRun run = LiveRun.inStep(move)) {
            spoil(target, 5);
            awaitVerdict("mismatch");
            move.told("cutover").refused(3, "DIFFERENT", "id=5");
            assertThat(run).isNotNull();
        }
        assertThat(verdict()).isEqualTo("mismatch");
        try (LiveRun run = LiveRun.inStep(move)) {
            assertThat(verdict()).isEqualTo("mismatch");
            move.told("cutover").refused(3, "DIFFERENT", "id=5");
            move.told("validate", "--repair").done();
            move.told("cutover").done();
            spoil(source, 6);
            awaitVerdict("mismatch");
            move.told("rollback").refused(3, "DIFFERENT", "id=6");
            move.told("validate", "--repair").done();
            move.told("rollback").done();
            assertThat(run).isNotNull();
        }
        assertThat(Pair.rows(target, "SELECT * FROM item ORDER BY id"))
                .isEqualTo(Pair.rows(source, "SELECT * FROM item ORDER BY id"));
        move.told("abort").done();
    }
}
