package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ctrl-C on a command that the process does which has the run: it leaves it as long as it can be
/// left, and goes on with the run.
class RecallTest {
    private static final String RECALLED = "` back, as far as it still can be";
    private static final String WAITS_FOR =
            """
            SELECT EXISTS (SELECT FROM pg_locks l
                             JOIN pg_database d ON d.oid = l.database
                            WHERE NOT granted AND relation = '%s'::regclass
                              AND datname = current_database())\
            """;

    /// Not for the trouble that the work tells of once it has waited for long.
    private static final String NO_LAG =
            """
            SELECT body ->> 'lagMillis' IS NULL AND body ->> 'trouble' IS NULL
              FROM lockstep.progress\
            """;

    /// The run looks for what is recalled twice a second. This only gives it time to: that the
    /// ending is done is the proof.
    private static final Duration SEVERAL_LOOKS = Duration.ofMillis(1200);

    private final Pair pair = Pair.create();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void aSwitchThatIsTakenBackIsUndone() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move move = Move.of(folder, pair, HeldSwitch.PLAN);
        try (LiveRun _ = LiveRun.inStep(move);
                Session writer = HeldSwitch.writer(pair.source());
                Child cutover = Child.start(folder, "cutover", move)) {
            HeldSwitch.await(pair.source(), folder);
            isTakenBack(cutover, "cutover was taken back, and nothing has come of it");
            HeldSwitch.isUndone(folder);
            writer.run("INSERT INTO public.item VALUES (1)");
            writer.commit();
            move.told("validate").done();
            assertThat(Status.of(move).active()).isEqualTo("source");
            assertThat(move.told("cutover").done()).contains("write pause");
        }
        assertThat(Pair.rows(pair.target(), "SELECT id FROM item")).containsExactly("(1)");
    }

    @Test
    void aVerificationThatIsTakenBackIsLeft() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move move = Move.of(folder, pair, HeldSwitch.PLAN);
        try (LiveRun _ = LiveRun.inStep(move);
                Session writer = busy(pair.source(), "INSERT INTO public.item VALUES (1)");
                Child validate = Child.start(folder, "validate", move)) {
            LiveRun.await(
                    "the verification waits for it",
                    () -> Status.of(move).text().contains("pid " + writer.backendPid()));
            isTakenBackBeforeItsTurn(move);
            isTakenBack(validate, "validate was taken back");
            writer.commit();
            assertThat(move.told("validate").done()).contains("1 row of 1 table");
        }
    }

    /// Also where the stream back does not come up at once for that, the run goes on.
    @Test
    void aSwitchThatHasMovedWritesIsNotTakenBack() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move move = Move.of(folder, pair);
        try (LiveRun run = LiveRun.inStep(move);
                Session reader = busy(pair.source(), "LOCK TABLE pg_publication IN SHARE MODE");
                Child cutover = Child.start(folder, "cutover", move)) {
            recall(cutover, pair.source(), "pg_publication");
            assertThat(run.isInterruptedWithin(Duration.ofSeconds(30))).isTrue();
            cutover.await(
                    "no lag without a stream",
                    () -> Pair.rows(pair.target(), NO_LAG).equals(List.of("(t)")));
            reader.commit();
            tellsWhatWasDone(cutover, "writes go to the target");
            move.told("validate").done();
            assertThat(Status.of(move).active()).isEqualTo("target");
            Pair.run(pair.target(), "INSERT INTO item VALUES (1)");
            move.told("rollback").done();
        }
        assertThat(Pair.rows(pair.source(), "SELECT id FROM item")).containsExactly("(1)");
    }

    /// There is no way back from an ending.
    @Test
    void anEndingIsNotTakenBack() throws Exception {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Files.writeString(
                Files.createDirectory(folder.resolve("contract")).resolve("V1__contract.sql"),
                "ALTER TABLE public.item ADD note text");
        Move move = Move.of(folder, pair, "schema: { copy: none, contract: contract }");
        try (LiveRun run = LiveRun.inStep(move)) {
            move.told("cutover").done();
            try (Session reader =
                            busy(pair.target(), "LOCK TABLE public.item IN ACCESS SHARE MODE");
                    Child complete = Child.start(folder, "complete", move)) {
                recall(complete, pair.target(), "public.item");
                assertThat(run.isInterruptedWithin(SEVERAL_LOOKS)).isFalse();
                assertThat(Status.of(move).json().path("lagMillis").isNull()).isTrue();
                reader.commit();
                tellsWhatWasDone(complete, "completed");
            }
            run.ended().done();
        }
        assertThat(Status.of(move).state()).isEqualTo("completed");
        assertThat(Pair.rows(pair.target(), "SELECT note FROM item")).isEmpty();
        Sides.areLeftClean(pair);
    }

    private static Session busy(Db db, String work) {
        Session session = db.session("busy");
        session.begin();
        session.run(work);
        return session;
    }

    /// Ctrl-C on a command that cannot be taken back any more, while the run waits for a table.
    private static void recall(Child asker, Db at, String table) throws Exception {
        asker.await(
                "a lock on " + table,
                () -> Pair.rows(at, WAITS_FOR.formatted(table)).equals(List.of("(t)")));
        asker.interrupt();
        asker.await("the recall", () -> asker.said().contains(RECALLED));
    }

    /// The exit code is that of whatever Ctrl-C ends.
    private static void tellsWhatWasDone(Child asker, String done) throws Exception {
        Told told = asker.ended();
        assertThat(told.out()).as("%s", told).startsWith(done);
        assertThat(told.exit()).isEqualTo(130);
    }

    private void isTakenBackBeforeItsTurn(Move move) throws Exception {
        CompletableFuture<Told> told = new CompletableFuture<>();
        Thread asker = Thread.ofPlatform().start(() -> told.complete(move.told("validate")));
        LiveRun.await(
                "both are asked",
                () -> Pair.rows(pair.target(), "SELECT 1 FROM lockstep.request").size() == 2);
        asker.interrupt();
        told.get(30, TimeUnit.SECONDS).refused(130, "INTERRUPTED", "and nothing was done");
    }

    private static void isTakenBack(Child asker, String told) throws Exception {
        assertThat(asker.interrupted())
                .contains(RECALLED)
                .endsWith(told + "; the run is in-step, active: source [INTERRUPTED]");
    }
}
