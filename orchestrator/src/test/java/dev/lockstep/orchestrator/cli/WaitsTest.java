package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a verification and a switch have to wait for is named while they wait, and is ended only
/// where the plan says so.
class WaitsTest {
    private static final String SHOP =
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE z (id int PRIMARY KEY)";

    /// By then a command has said what it waits for.
    private static final Duration ASKED_FOR = Duration.ofSeconds(5);

    /// Nobody else's transactions are waited for, and nobody waits for those of here.
    private static final PostgresServer OWN = PostgresServer.start(Map.of());

    private final Db source = OWN.database();
    private final Db target = OWN.database();
    private final Pair pair = Pair.of(source, target);
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    @AfterAll
    static void stop() {
        OWN.stop();
    }

    private Move filled(String cutover) {
        pair.onBoth(SHOP);
        Pair.run(source, "INSERT INTO a VALUES (1); INSERT INTO z VALUES (1)");
        return Move.of(folder, pair, "schema: { copy: none }\ncutover: " + cutover);
    }

    private static CompletableFuture<Told> later(Move move, String command) {
        CompletableFuture<Told> told = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> told.complete(move.told(command)));
        return told;
    }

    /// The standby goes on as if nobody waited.
    @Test
    void aVerificationNamesTheTransactionThatItWaitsForAndHoldsNobody() {
        Move move = filled("{ max-pause: 60s, max-lag: 60s }");
        try (LiveRun run = LiveRun.inStep(move);
                Session writer = source.session("writer")) {
            writer.begin();
            writer.run("INSERT INTO public.a VALUES (2)");
            long start = System.nanoTime();
            CompletableFuture<Told> validation = later(move, "validate");
            String pid = "pid " + writer.backendPid();
            LiveRun.await(
                    "the transaction in status",
                    () -> Status.of(move).text().lines().anyMatch(line -> line.contains(pid)));
            Pair.run(source, "INSERT INTO z VALUES (2)");
            LiveRun.await("the other row", () -> Pair.rows(target, "SELECT 1 FROM z").size() == 2);
            assertThat(validation).isNotDone();
            LiveRun.await("some time", () -> System.nanoTime() - start > ASKED_FOR.toNanos());
            writer.commit();
            Told told = validation.join();
            assertThat(told.done()).contains("4 rows of 2 tables", "no difference");
            assertThat(told.err().lines()).filteredOn(line -> line.contains(pid)).hasSize(1);
            assertThat(run).isNotNull();
        }
        move.told("abort").done();
    }

    @Test
    void aStandbyThatStaysTooFarBehindKeepsWritesWhereTheyAre() {
        Move move = filled("{ max-pause: 60s, max-lag: 1s }");
        try (LiveRun run = LiveRun.inStep(move);
                Session reader = target.session("reader")) {
            reader.begin();
            // The applier waits for it, and who reads catalogs does not.
            reader.run("LOCK TABLE public.a IN SHARE MODE");
            Pair.run(source, "INSERT INTO a VALUES (2)");
            LiveRun.await("a lag", () -> isBehind(Status.of(move).json()));
            move.told("cutover")
                    .refused(4, "PRECONDITION", "the standby is ", "cutover.max-lag is 1000 ms");
            assertThat(Status.of(move).active()).isEqualTo("source");
            reader.rollback();
            LiveRun.await("the row", () -> Pair.rows(target, "SELECT 1 FROM a").size() == 2);
            move.told("cutover").done();
            assertThat(run).isNotNull();
        }
        move.told("complete").done();
    }

    private static boolean isBehind(JsonNode status) {
        JsonNode changes = status.path("changes");
        return changes.path("captured").asLong() > changes.path("applied").asLong()
                && status.path("lagMillis").asLong() > 1_000;
    }

    @Test
    void aSwitchNamesWhoHoldsLocksAndGivesUp() {
        Move move = filled("{ max-pause: 1s, max-lag: 60s }");
        move.told("run", "--until", "in-step").done();
        try (Session writer = source.session("writer")) {
            holdLastTable(writer);
            move.told("cutover")
                    .refused(
                            1,
                            "SWITCH_FAILED",
                            "the switch was undone, writes go on where they were: writes could",
                            "pid " + writer.backendPid(),
                            "LOCK TABLE public.z",
                            "cutover.terminate-blockers");
            writer.run("INSERT INTO public.a VALUES (2); INSERT INTO public.z VALUES (2)");
            writer.commit();
        }
        assertThat(Status.of(move).active()).isEqualTo("source");
        move.told("cutover").done();
        assertThat(Pair.rows(target, "SELECT * FROM a, z ORDER BY 1, 2")).hasSize(4);
        move.told("complete").done();
    }

    @Test
    void aSwitchEndsWhoHoldsLocksForLongerThanThePlanAllows() {
        Move move = filled("{ max-pause: 30s, max-lag: 60s, terminate-blockers: 300ms }");
        move.told("run", "--until", "in-step").done();
        try (Session writer = source.session("writer")) {
            holdLastTable(writer);
            Told told = move.told("cutover");
            assertThat(told.done()).contains("write pause");
            assertThat(told.err())
                    .contains("ended a session that held locks: pid " + writer.backendPid());
            assertThatThrownBy(writer::commit).hasMessageContaining("terminat");
        }
        assertThat(Pair.rows(target, "SELECT id FROM z")).hasSize(1);
        move.told("complete").done();
    }

    /// The application has the last table and wants the first, the switch has the first and wants
    /// the last. PostgreSQL would end one of them after a second.
    @Test
    void anApplicationIsNotTheVictimOfADeadlock() {
        Move move = filled("{ max-pause: 60s, max-lag: 60s }");
        move.told("run", "--until", "in-step").done();
        CompletableFuture<Told> cutover;
        try (Session writer = source.session("writer")) {
            holdLastTable(writer);
            cutover = later(move, "cutover");
            Sides.awaitFence(source);
            writer.run("INSERT INTO public.a VALUES (2); INSERT INTO public.z VALUES (2)");
            writer.commit();
        }
        assertThat(cutover.join().done()).contains("write pause");
        assertThat(Pair.rows(target, "SELECT * FROM a, z ORDER BY 1, 2")).hasSize(4);
        move.told("complete").done();
    }

    /// As an insert does, but without a number of its own: a new slot would wait for that.
    private static void holdLastTable(Session writer) {
        writer.begin();
        writer.run("LOCK TABLE public.z IN ROW EXCLUSIVE MODE");
    }
}
