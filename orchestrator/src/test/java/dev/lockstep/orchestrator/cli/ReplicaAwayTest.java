package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.PostgresServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A synchronous replica is away while writes are held. A commit that waits for it waits without
/// end, and no setting bounds that.
@Timeout(300)
class ReplicaAwayTest {
    private static final String PLAN =
            """
            schema: { copy: none }
            tables: { include: ["public.item"] }
            cutover:
              max-pause: 3s
              max-lag: 60s
              gate: { hooks: { hold: { run: ["true"], undo: { run: [touch, let-go] } } } }
            """;

    /// How many connections a handle on a database shares.
    private static final int POOLED = 4;

    private static final String WAITS =
            """
            SELECT EXISTS (SELECT FROM pg_stat_activity
                            WHERE wait_event = 'SyncRep' AND application_name LIKE 'test%'
                              AND datname = current_database())\
            """;

    private static final String END_WAITS =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

    private final PostgresServer server = PostgresServer.start(Map.of());
    private final Db own = server.database();
    private final Db other = PostgresServer.second().database();
    private final List<Thread> probes = new ArrayList<>();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        PostgresServer.second().drop(other);
        own.close();
        server.stop();
    }

    private static void run(Db db, String sql) {
        try (var session = db.session("test")) {
            session.run(sql);
        }
    }

    private void replica(String name) {
        run(own, "ALTER SYSTEM SET synchronous_standby_names = '%s'".formatted(name));
        run(own, "SELECT pg_reload_conf()");
    }

    /// Commits of this server wait from now on; one of the test's does so already.
    private void away() {
        replica("nobody");
        LiveRun.await(
                "a commit waits",
                () -> {
                    probes.add(
                            Thread.ofVirtual()
                                    .start(() -> run(own, "INSERT INTO public.probe VALUES (1)")));
                    return own.call(session -> session.flag(WAITS));
                });
    }

    private void back() {
        replica("");
    }

    private void backWhenClientsAreLetGo() {
        LiveRun.await("clients are let go", () -> Files.exists(folder.resolve("let-go")));
        back();
    }

    private Move move(Db source, Db target) {
        for (Db db : List.of(source, target)) {
            run(db, "CREATE TABLE public.item (id int PRIMARY KEY)");
        }
        run(own, "CREATE TABLE public.probe (id int)");
        run(source, "INSERT INTO public.item VALUES (1)");
        Move move = Move.of(folder, source.endpoint(), target.endpoint(), PLAN);
        move.told("run", "--until", "in-step").done();
        return move;
    }

    @Test
    void aSwitchIsUndoneWhereTheActivesReplicaIsAway() {
        Move move = move(own, other);
        Hooked hooked =
                new Hooked()
                        .at("drain/0", this::away)
                        .whenSaid("the switch was undone", this::back);
        hooked.switches(move, 1);
        assertThat(hooked.undone("did not arrive") || hooked.undone("max-pause")).isTrue();
        assertThat(folder.resolve("let-go")).exists();
    }

    /// Each marker that waited for it would keep a connection, of which there are few.
    @Test
    void verificationGoesOnWhereTheActivesReplicaIsAway() {
        Move move = move(own, other);
        try (LiveRun _ = LiveRun.inStep(move)) {
            away();
            endWaits();
            for (int i = 0; i <= POOLED; i++) {
                assertThat(move.told("validate").done()).contains("no difference");
            }
        } finally {
            back();
        }
    }

    /// A process that takes the run writes that down on the source, too.
    @Test
    @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aProcessBeginsWhereTheActivesReplicaIsAway() {
        Move move = move(own, other);
        away();
        endWaits();
        try {
            assertThat(move.told("validate").done()).contains("no difference");
        } finally {
            back();
        }
        move.told("abort").done();
    }

    private void endWaits() {
        LiveRun.await(
                "none of the test's commits waits",
                () -> {
                    own.call(session -> session.rows(END_WAITS, row -> row.textAt(1)));
                    return probes.stream().noneMatch(Thread::isAlive);
                });
    }

    /// The journal itself cannot be written to, and clients are let go before that is waited for.
    @Test
    void clientsAreLetGoWhereTheTargetsReplicaIsAway() {
        Move move = move(other, own);
        Hooked hooked =
                new Hooked()
                        .at(
                                "intend/0",
                                () -> {
                                    away();
                                    Thread.ofVirtual().start(this::backWhenClientsAreLetGo);
                                });
        hooked.switches(move, 1);
        assertThat(folder.resolve("let-go")).exists();
        assertThat(hooked.said()).anyMatch(text -> text.contains("writes go to the target"));
    }
}
