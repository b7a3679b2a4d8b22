package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.testing.CrashingServer;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import dev.lockstep.testing.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/// Servers that keep little WAL for a slot invalidate it when its reader stays behind.
@Timeout(240)
class SlotLostTest {
    private static final String LOST =
            """
            SELECT count(*) FROM pg_replication_slots
             WHERE database = current_database() AND wal_status = 'lost'\
            """;
    private static final String READ =
            """
            SELECT count(*) FROM pg_replication_slots
             WHERE database = current_database() AND active\
            """;
    private static final String COUNT = "SELECT count(*) FROM item";

    @TempDir Path folder = Path.of("");

    private final Db target = PostgresServer.shared().database();
    private CrashingServer server;
    private Proxy network;
    private Pair pair;
    private Move move;

    @BeforeEach
    void start() {
        server =
                CrashingServer.start(
                        folder.resolve("source"), Map.of("max_slot_wal_keep_size", "1MB"));
        network = Proxy.to(server.port());
        pair = Pair.of(server.database("shop"), target);
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY, text text)");
        Pair.run(pair.source(), "INSERT INTO item SELECT i, 'x' FROM generate_series(1, 10) i");
        Endpoint direct = pair.source().endpoint();
        Endpoint throughNetwork =
                new Endpoint(
                        direct.url().replace(":" + server.port(), ":" + network.port()),
                        direct.user(),
                        direct.password());
        move = Move.of(folder, throughNetwork, target.endpoint(), "schema: { copy: none }");
        move.told("run", "--until", "in-step").done();
    }

    @AfterEach
    void stop() {
        pair.close();
        network.close();
        server.close();
    }

    /// Writes more than the server keeps, until the slot is lost.
    private void outrun() {
        LiveRun.await(
                "the slot is lost",
                () -> {
                    for (int i = 0; i < 3; i++) {
                        Pair.run(pair.source(), "UPDATE item SET text = text || 'y'");
                        Pair.run(pair.source(), "SELECT pg_switch_wal()");
                    }
                    Pair.run(pair.source(), "CHECKPOINT");
                    return Pair.rows(pair.source(), LOST).equals(List.of("(1)"));
                });
    }

    private void startsAfresh() {
        assertThat(Status.of(move).text()).contains("failed", "POSITION_LOST", "was invalidated");
        move.told("abort").done();
        Sides.areLeftClean(pair);
        move.told("run", "--until", "in-step").done();
        String rows = "SELECT * FROM item ORDER BY id";
        assertThat(Pair.rows(target, rows)).isEqualTo(Pair.rows(pair.source(), rows)).hasSize(10);
        move.told("abort").done();
    }

    @Test
    void aSlotThatIsLostWhileNobodyReadsItIsTold() {
        outrun();
        move.told("run", "--until", "in-step")
                .refused(1, "POSITION_LOST", "was invalidated", "abort the run and start");
        assertThat(Pair.rows(target, "SELECT DISTINCT text FROM item")).containsExactly("(x)");
        startsAfresh();
    }

    @Test
    void aReaderThatHearsNothingIsToldThatItsSlotIsLost() {
        try (LiveRun run = LiveRun.inStep(move)) {
            // The connection that reads changes; everything else goes on.
            LiveRun.await("a reader", () -> Pair.rows(pair.source(), READ).equals(List.of("(1)")));
            assertThat(network.stall("Debezium Streaming")).isPositive();
            outrun();
            run.ended().refused(1, "POSITION_LOST", "was invalidated", "abort the run and start");
        }
        assertThat(Pair.rows(target, COUNT)).containsExactly("(10)");
        startsAfresh();
    }

    /// The server gives up who says nothing for half a minute, and this side a slot that nobody has
    /// read for another.
    @Test
    @EnabledIfSystemProperty(named = "lockstep.heavy", matches = "true")
    void aReaderThatHearsNothingIsReplaced() {
        try (LiveRun run = LiveRun.inStep(move)) {
            LiveRun.await("a reader", () -> Pair.rows(pair.source(), READ).equals(List.of("(1)")));
            assertThat(network.stall("Debezium Streaming")).isPositive();
            Pair.run(pair.source(), "INSERT INTO item VALUES (11, 'new')");
            LiveRun.await("the row", () -> Pair.rows(target, COUNT).equals(List.of("(11)")));
            move.told("cutover").done();
            assertThat(run.stop().exit()).isEqualTo(130);
        }
    }

    @Test
    void theWayBackIsLostAloneWhereWritesGoToTheTarget() {
        try (LiveRun run = LiveRun.inStep(move)) {
            LiveRun.await("a cutover", () -> move.told("cutover").exit() == 0);
            assertThat(run.stop().exit()).isEqualTo(130);
        }
        Pair.run(target, "INSERT INTO item VALUES (11, 'new')");
        Pair.rows(
                target,
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                        + " WHERE database = current_database()");
        move.told("run", "--until", "in-step")
                .refused(1, "POSITION_LOST", "is gone", "no way back any more: complete the run");
        move.told("complete").done();
        assertThat(Pair.rows(target, COUNT)).containsExactly("(11)");
        Sides.areLeftClean(pair);
    }
}
