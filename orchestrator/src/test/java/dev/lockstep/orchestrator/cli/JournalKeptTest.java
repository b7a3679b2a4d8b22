package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.ending.Cleanup;
import dev.lockstep.orchestrator.run.Requests;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
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
import org.junit.jupiter.api.io.TempDir;

/// What is left on the target when runs are over.
class JournalKeptTest {
    private static final String PLAN =
            "schema: { copy: none }\ntables: { include: [\"public.%s\"] }";

    private static final String DEAD_LEASE =
            """
            INSERT INTO lockstep.lease
            VALUES ('%s', 99, 'process 1 on vm', 999999, now(), now(), false, false)\
            """;
    private static final List<String> YES = List.of("(t)");
    private static final String STUCK_AT =
            """
            SELECT EXISTS (SELECT FROM pg_locks
                            WHERE NOT granted AND relation = 'lockstep.%s'::regclass)\
            """;

    private final Pair pair = Pair.create();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void tables() {
        pair.onBoth(
                "CREATE TABLE one (id int PRIMARY KEY); CREATE TABLE two (LIKE one INCLUDING ALL)");
        Pair.run(pair.source(), "INSERT INTO one VALUES (1); INSERT INTO two VALUES (2)");
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private boolean hasAllTables() {
        return target.call(
                session -> session.flag("SELECT to_regclass('lockstep.lease') IS NOT NULL"));
    }

    @Test
    void theLastRunThatEndsTakesAllButTheJournalAway() {
        Move one = Move.of(folder, pair, PLAN.formatted("one"));
        Move two = Move.of(folder, pair, PLAN.formatted("two"));
        one.told("run", "--until", "in-step").done();
        two.told("run", "--until", "in-step").done();
        one.told("abort").done();
        assertThat(hasAllTables()).isTrue();
        two.told("validate").done();
        two.told("cutover").done();
        two.told("complete").done();
        Sides.areLeftClean(pair);
        assertThat(Status.of(one).state()).isEqualTo("aborted");
        assertThat(Status.of(two).state()).isEqualTo("completed");
        assertThat(two.told("run").done()).contains("completed, active: target");
        Sides.areLeftClean(pair);
        one.told("run", "--until", "in-step").done();
        one.told("abort").done();
        Sides.areLeftClean(pair);
        List<String> events = one.told("journal").done().lines().toList();
        assertThat(events).filteredOn(line -> line.contains("CleanedUp")).hasSize(2);
        assertThat(two.told("journal").done()).endsWith("{}").contains("CleanedUp");
        assertThat(epochs(one)).isSorted().hasSizeGreaterThan(2);
    }

    private List<Long> epochs(Move move) {
        return target.call(session ->
                session.rows(
                        "SELECT epoch FROM lockstep.journal WHERE run = ?"
                                + " GROUP BY epoch ORDER BY min(seq)",
                        row -> row.number("epoch"),
                        move.name()));
    }

    /// A process that died at its very end, or lost its connection there.
    @Test
    void aDeadOnesLeaseKeepsNothing() {
        Move move = ended();
        OwnTables.migrate(target);
        Pair.run(target, DEAD_LEASE.formatted(move.name()));
        assertThat(move.told("run").done()).contains("completed");
        Sides.areLeftClean(pair);
    }

    private Move ended() {
        Move move = Move.of(folder, pair, PLAN.formatted("one"));
        move.told("run", "--until", "in-step").done();
        move.told("cutover").done();
        move.told("complete").done();
        return move;
    }

    @Test
    void aTargetThatIsASourceLaterKeepsItsJournalAlone() {
        Move first = ended();
        try (Pair later = Pair.create()) {
            Pair.run(later.target(), "CREATE TABLE one (id int PRIMARY KEY)");
            Move move =
                    Move.of(
                            folder,
                            target.endpoint(),
                            later.target().endpoint(),
                            PLAN.formatted("one"));
            move.told("run", "--until", "in-step").done();
            move.told("cutover").done();
            move.told("complete").done();
            Sides.areLeftClean(pair);
            assertThat(first.told("journal").done()).contains("CleanedUp");
        }
    }

    /// What a command says is so by then, whoever did the work.
    @Test
    void anEndingThatIsToldOfIsOver() {
        Move move = Move.alone(folder, pair, PLAN.formatted("one"));
        try (LiveRun run = LiveRun.inStep(move)) {
            move.told("abort").done();
            Sides.areLeftClean(pair);
            assertThat(move.state()).doesNotExist();
            run.ended().done();
        }
    }

    /// Another run that begins on the source just when this one looks whether there is any.
    @Test
    void whatARunThatBeginsHasOnTheSourceStays() throws Exception {
        Move move = Move.of(folder, pair, PLAN.formatted("one"));
        move.told("run", "--until", "in-step").done();
        move.told("cutover").done();
        CompletableFuture<Told> ending;
        try (Session beginning = pair.source().session("begin")) {
            beginning.begin();
            // As an INSERT does, but a snapshot does not wait for this.
            beginning.run("LOCK TABLE lockstep.run IN ROW EXCLUSIVE MODE");
            ending = Told.running(new StringWriter(), "complete", move.plan().toString());
            LiveRun.await(
                    "the ending waits for it",
                    () -> Pair.rows(pair.source(), STUCK_AT.formatted("run")).equals(YES));
            beginning.run("INSERT INTO lockstep.run (name, fingerprint) VALUES ('next', '')");
            beginning.commit();
        }
        ending.get(60, TimeUnit.SECONDS).done();
        assertThat(Pair.rows(pair.source(), "SELECT name FROM lockstep.run"))
                .containsExactly("(next)");
        assertThat(pair.source().<Boolean>call(OwnTables::exist)).isTrue();
    }

    /// What it waits for ends the run that it was to take up.
    @Test
    void aRunThatWaitsBehindAnEndingLeavesNothing() throws Exception {
        Move move = Move.of(folder, pair, PLAN.formatted("one"));
        move.told("run", "--until", "in-step").done();
        move.told("cutover").done();
        CompletableFuture<Told> ending;
        CompletableFuture<Told> running;
        try (Session holding = target.session("hold")) {
            holding.begin();
            holding.run("LOCK TABLE lockstep.chunk IN SHARE MODE");
            ending = CompletableFuture.supplyAsync(() -> move.told("complete"));
            LiveRun.await(
                    "the ending is stuck",
                    () -> Pair.rows(target, STUCK_AT.formatted("chunk")).equals(YES));
            StringWriter err = new StringWriter();
            running = Told.running(err, "run", move.plan().toString());
            LiveRun.await(
                    "the run waits",
                    () -> err.toString().contains("is in the hands of `complete`"));
            holding.rollback();
        }
        ending.get(60, TimeUnit.SECONDS).done();
        assertThat(running.get(60, TimeUnit.SECONDS).done()).contains("is completed");
        Sides.areLeftClean(pair);
    }

    @Test
    void whoWaitsForAnAnswerFindsIt() {
        Move move = Move.of(folder, pair, PLAN.formatted("one"));
        move.told("run", "--until", "in-step").done();
        try (Session asker = target.session("ask")) {
            Requests requests = new Requests(target, move.name());
            long id = requests.ask(asker, "abort", "{}");
            move.told("abort").done();
            assertThat(hasAllTables()).isTrue();
            requests.answer(id, new Requests.Outcome(0, "aborted"));
            assertThat(requests.outcome(asker, id)).isPresent();
            requests.forget(id);
            Cleanup.leaveJournal(target);
            assertThat(hasAllTables()).isFalse();
        }
        Sides.areLeftClean(pair);
    }
}
