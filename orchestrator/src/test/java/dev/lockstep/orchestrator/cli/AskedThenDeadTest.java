package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Requests;
import dev.lockstep.orchestrator.run.Requests.Request;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Commands whose process took them on and died over them.
@Timeout(120)
class AskedThenDeadTest {
    private static final String STANDS_AT_RUN =
            """
            SELECT EXISTS (SELECT FROM pg_locks
                            WHERE NOT granted AND relation = 'lockstep.run'::regclass)\
            """;

    private final Pair pair = Pair.create();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void tables() {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private static Request claimed(Requests requests) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (System.nanoTime() < deadline) {
            List<Request> open = requests.open();
            if (!open.isEmpty() && requests.claim(open.getFirst())) {
                return open.getFirst();
            }
            Thread.onSpinWait();
        }
        throw new AssertionError("nothing was asked");
    }

    @Test
    void whatWasDoneBeforeTheAnswerCountsAsDone() throws Exception {
        Move move = Move.alone(folder, pair);
        move.told("run", "--until", "in-step").done();
        CompletableFuture<Told> asking;
        try (Lease lease = Lease.take(target, move.name())) {
            asking = CompletableFuture.supplyAsync(() -> move.told("abort"));
            assertThat(claimed(new Requests(target, move.name())).command()).isEqualTo("abort");
            Journal journal = new Journal(target, move.name());
            journal.append(lease.epoch(), new RunEvent.AbortStarted(false));
            journal.append(lease.epoch(), new RunEvent.CleanedUp());
        }
        assertThat(asking.get(60, TimeUnit.SECONDS).done())
                .contains("the process that was asked has ended, and abort is done");
    }

    @Test
    void whatWasNotBegunIsDoneByTheOneWhoAsked() throws Exception {
        Move move = Move.alone(folder, pair);
        move.told("run", "--until", "in-step").done();
        CompletableFuture<Told> asking;
        try (Lease _ = Lease.take(target, move.name())) {
            asking = CompletableFuture.supplyAsync(() -> move.told("cutover"));
            assertThat(claimed(new Requests(target, move.name())).command()).isEqualTo("cutover");
        }
        assertThat(asking.get(100, TimeUnit.SECONDS).done()).contains("write pause");
        Sides.refuses(pair.source(), "DELETE FROM item", target);
    }

    /// The run that is started again undoes the switch, and says so to whoever still waits for it.
    @Test
    void whoeverTakesTheDeadOnesPlaceTellsWhatCameOfIt() throws Exception {
        Move move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
        CompletableFuture<Told> asking;
        try (Lease lease = Lease.take(target, move.name())) {
            asking = CompletableFuture.supplyAsync(() -> move.told("cutover"));
            claimed(new Requests(target, move.name()));
            new Journal(target, move.name())
                    .append(lease.epoch(), new RunEvent.SwitchStarted(Side.TARGET));
        }
        try (LiveRun run = LiveRun.inStep(move)) {
            asking.get(60, TimeUnit.SECONDS)
                    .refused(
                            1,
                            "SWITCH_FAILED",
                            "cutover came to nothing: the process that switched died before writes"
                                    + " had moved; the run is in-step, active: source: ask again");
            run.stop().refused(130, "INTERRUPTED", "the run is kept");
        }
        Pair.run(pair.source(), "INSERT INTO item VALUES (1)");
    }

    /// Who asked was about to do it himself, and another process was there first.
    @Test
    void whoComesTooLateToDoItHimselfGoesOnWaiting() throws Exception {
        Move move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
        Requests requests = new Requests(target, move.name());
        CompletableFuture<Told> asking;
        Request taken;
        try (Session holding = target.session("hold")) {
            try (Lease _ = Lease.take(target, move.name())) {
                asking = CompletableFuture.supplyAsync(() -> move.told("cutover"));
                taken = claimed(requests);
                holding.begin();
                holding.run("LOCK TABLE lockstep.run");
            }
            LiveRun.await(
                    "the one who asked looks at the run",
                    () -> Pair.rows(target, STANDS_AT_RUN).equals(List.of("(t)")));
            try (Lease _ = Lease.take(target, move.name())) {
                holding.rollback();
                LiveRun.await(
                        "the one who asked is past that",
                        () -> Pair.rows(target, STANDS_AT_RUN).equals(List.of("(f)")));
                requests.answer(taken.id(), new Requests.Outcome(0, "it was done elsewhere"));
                assertThat(asking.get(60, TimeUnit.SECONDS).done())
                        .isEqualTo("it was done elsewhere");
            }
        }
    }

    @Test
    void aRunWaitsForACommandThatHasItsRun() throws Exception {
        Move move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
        StringWriter err = new StringWriter();
        CompletableFuture<Told> running;
        try (Lease _ = Lease.take(target, move.name(), "cutover")) {
            running = Told.running(err, "run", move.plan().toString(), "--until", "in-step");
            LiveRun.await(
                    "the run waits",
                    () -> err.toString().contains("is in the hands of `cutover`, process"));
            assertThat(running).isNotDone();
        }
        running.get(60, TimeUnit.SECONDS).done();
    }

    @Test
    void whoSwitchesAloneIsToldThatNobodyCarriesWhatComesThen() {
        Move move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
        Told told = move.told("cutover");
        assertThat(told.done()).contains("write pause");
        assertThat(told.err()).contains("nobody works on the run now", "`run` carries it");
    }
}
