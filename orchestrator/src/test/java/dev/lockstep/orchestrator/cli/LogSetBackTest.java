package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The embedded broker's folder is an older copy of itself when a run is taken up, as after a
/// restore of the machine's disk, or is gone.
class LogSetBackTest {
    private static final String CONFIRMED =
            """
            SELECT confirmed_flush_lsn > '%s' FROM pg_replication_slots
             WHERE database = current_database()\
            """;

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void tables() {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Pair.run(source, "INSERT INTO item VALUES (1)");
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private static void copy(Path from, Path to) {
        try (Stream<Path> files = Files.walk(from)) {
            files.forEach(file -> {
                try {
                    Files.copy(file, to.resolve(from.relativize(file)));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path path) {
        try (Stream<Path> files = Files.walk(path)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void setBack(Move move) {
        delete(move.state().resolve("kafka"));
        copy(folder.resolve("old"), move.state().resolve("kafka"));
    }

    private Move inStepOnce() {
        Move move = Move.alone(folder, pair);
        move.told("run", "--until", "in-step").done();
        copy(move.state().resolve("kafka"), folder.resolve("old"));
        return move;
    }

    @Test
    void whatTheStandbyHasAlreadyIsNotMissed() {
        Move move = inStepOnce();
        try (LiveRun run = LiveRun.inStep(move)) {
            Pair.run(source, "INSERT INTO item SELECT generate_series(2, 500)");
            Sides.shows(target, "SELECT count(*) FROM item", "(500)");
            assertThat(run.stop().exit()).isEqualTo(130);
        }
        setBack(move);
        Pair.run(source, "INSERT INTO item VALUES (501)");
        try (LiveRun _ = LiveRun.inStep(move)) {
            Sides.shows(target, "SELECT count(*) FROM item", "(501)");
            move.told("validate").done();
        }
    }

    @Test
    void changesThatWereNowhereElseAreReportedAsLost() {
        Move move = inStepOnce();
        try (LiveRun run = LiveRun.inStep(move);
                Session lock = target.session("test")) {
            lock.begin();
            lock.run("LOCK TABLE public.item IN SHARE MODE");
            Pair.run(source, "INSERT INTO item SELECT generate_series(2, 500)");
            String written = source.call(session -> session.one("SELECT pg_current_wal_lsn()"));
            LiveRun.await(
                    "the slot is past it",
                    () -> source.call(session -> session.flag(CONFIRMED.formatted(written))));
            assertThat(run.stop().exit()).isEqualTo(130);
        }
        setBack(move);
        move.told("run", "--until", "in-step")
                .refused(1, "POSITION_LOST", "the log was lost or set back", "abort the run");
        assertThat(Pair.rows(target, "SELECT count(*) FROM item")).containsExactly("(1)");
        assertThat(Status.of(move).state()).isEqualTo("failed");
        move.told("abort").done();
        Sides.areLeftClean(pair);
    }

    @Test
    void aLogOfDatabasesThatAreGoneIsRefused() {
        Move old = inStepOnce();
        PostgresServer.shared().drop(source);
        PostgresServer.shared().drop(target);
        try (Pair anew = Pair.create()) {
            anew.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
            Move move =
                    Move.named(
                            old.name(),
                            folder,
                            anew.source().endpoint(),
                            anew.target().endpoint(),
                            "schema: { copy: none }\nkafka: embedded");
            move.told("run", "--until", "in-step")
                    .refused(4, "NAME_IN_USE", move.state().toString(), "remove the folder");
            assertThat(Traces.lockstepsOwn(anew.source())).isEmpty();
            assertThat(Traces.lockstepsOwn(anew.target())).isEmpty();
            delete(move.state());
            move.told("run", "--until", "in-step").done();
            move.told("abort").done();
        }
    }

    @Test
    void aLogThatIsGoneIsTheSame() {
        Move move = inStepOnce();
        delete(move.state());
        Pair.run(source, "INSERT INTO item VALUES (2)");
        try (LiveRun _ = LiveRun.inStep(move)) {
            Sides.shows(target, "SELECT count(*) FROM item", "(2)");
        }
    }
}
