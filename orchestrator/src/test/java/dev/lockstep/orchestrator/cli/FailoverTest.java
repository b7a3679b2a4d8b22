package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import dev.lockstep.testing.CrashingServer;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import dev.lockstep.testing.Proxy;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A replica takes the place of the source's server, whose address leads to it from then on. It has
/// the run's slot, as replicas have where something keeps slots in step, unless it is said.
@Timeout(240)
class FailoverTest {
    private static final String COUNT = "SELECT count(*) FROM item";

    @TempDir Path folder = Path.of("");

    private CrashingServer primary;
    private Proxy address;
    private Pair pair;
    private Move move;

    @BeforeEach
    void start() {
        primary = CrashingServer.start(folder.resolve("primary"));
        address = Proxy.to(primary.port());
        primary.database("shop").close();
        pair = Pair.of(shop(address.port()), PostgresServer.shared().database());
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        insert(1, 10);
        move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
    }

    @AfterEach
    void stop() {
        pair.close();
        address.close();
        primary.close();
    }

    private static Db shop(int port) {
        return Db.of(
                new Endpoint(
                        "jdbc:postgresql://localhost:%d/shop".formatted(port),
                        "postgres",
                        new Secret("postgres")),
                "test");
    }

    private void insert(int from, int to) {
        Pair.run(
                pair.source(),
                "INSERT INTO item SELECT generate_series(%d, %d)".formatted(from, to));
    }

    private void leadTo(CrashingServer replica) {
        address.leadTo(replica.port());
        address.cut("");
    }

    @Test
    void aRunGoesOnWithAReplicaThatLacksNothing() throws Exception {
        try (CrashingServer replica = primary.replica(folder.resolve("replica"));
                LiveRun run = LiveRun.inStep(move)) {
            insert(11, 500);
            Sides.shows(pair.target(), COUNT, "(500)");
            // In order: the replica has everything by then.
            primary.close();
            replica.promote();
            leadTo(replica);
            insert(501, 1000);
            Sides.shows(pair.target(), COUNT, "(1000)");
            LiveRun.await("a match", () -> move.told("validate").exit() == 0);
            move.told("cutover").done();
            move.told("complete").done();
            run.ended().done();
            Sides.areLeftClean(pair);
        }
    }

    @Test
    void aRunGoesOnWithAReplicaOfAReplica() throws Exception {
        try (CrashingServer replica = primary.replica(folder.resolve("replica"))) {
            insert(11, 500);
            primary.close();
            replica.promote();
            try (CrashingServer second = replica.replica(folder.resolve("second"))) {
                replica.crash();
                second.promote();
                leadTo(second);
                insert(501, 1000);
                move.told("run", "--until", "in-step").done();
                move.told("validate").done();
                assertThat(Pair.rows(pair.target(), COUNT)).containsExactly("(1000)");
                move.told("abort").done();
                Sides.areLeftClean(pair);
            }
        }
    }

    @Test
    void changesThatAReplicaDoesNotHaveAreTold() throws Exception {
        try (CrashingServer replica = primary.replica(folder.resolve("replica"));
                LiveRun run = LiveRun.inStep(move)) {
            insert(11, 500);
            Sides.shows(pair.target(), COUNT, "(500)");
            try (Db db = replica.open("shop")) {
                Sides.shows(db, COUNT, "(500)");
                Pair.run(db, "ALTER SYSTEM SET primary_conninfo = 'port=1'");
                Pair.run(db, "SELECT pg_reload_conf()");
                LiveRun.await(
                        "the replica follows nobody",
                        () -> Pair.rows(db, "SELECT pid FROM pg_stat_wal_receiver").isEmpty());
            }
            insert(501, 600);
            Sides.shows(pair.target(), COUNT, "(600)");
            primary.crash();
            replica.promote();
            leadTo(replica);
            // Positions that the lost changes had are passed by others.
            insert(601, 5000);
            run.ended()
                    .refused(
                            1,
                            "POSITION_LOST",
                            "another server has taken the place of",
                            "abort the run and start it afresh");
            assertThat(Pair.rows(pair.target(), COUNT)).containsExactly("(600)");
            move.told("abort").done();
            Sides.areLeftClean(pair);
            move.told("run", "--until", "in-step").done();
            assertThat(Pair.rows(pair.target(), COUNT))
                    .isEqualTo(Pair.rows(pair.source(), COUNT))
                    .containsExactly("(4900)");
            move.told("abort").done();
        }
    }

    @Test
    void aReplicaWithoutTheSlotIsTold() throws Exception {
        try (CrashingServer replica = primary.replica(folder.resolve("replica"));
                LiveRun run = LiveRun.inStep(move)) {
            primary.close();
            replica.promote();
            try (Db db = replica.open("shop")) {
                Pair.run(
                        db, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
            }
            leadTo(replica);
            insert(11, 20);
            run.ended().refused(1, "POSITION_LOST", "is gone", "abort the run");
            assertThat(Pair.rows(pair.target(), COUNT)).containsExactly("(10)");
            move.told("abort").done();
        }
    }
}
