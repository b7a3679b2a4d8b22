package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.local.Pooler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Clients write through a PgBouncer while writes move there and back: none of them sees more than
/// a pause. With `-Dlockstep.switches=N` there are N switches.
class PgBouncerRunTest {
    private static final Logger LOG = LoggerFactory.getLogger(PgBouncerRunTest.class);
    private static final int SWITCHES = Integer.getInteger("lockstep.switches", 2);
    private static final int CLIENTS = 8;
    private static final String PLAN =
            "schema: { copy: none }\n"
                    + "cutover: { max-pause: %s, max-lag: 60s, gate: { pgbouncer: [%s] } }";
    private static final String COUNT =
            "SELECT count(*) = (SELECT sum(entries) FROM total) AS same, count(*) FROM entry";

    @TempDir Path folder;
    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();

    @BeforeEach
    void installed() {
        assumeThat(Pooler.isInstalled()).as(Pooler.MISSING).isTrue();
        pair.onBoth(PooledClients.TABLE);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private Move move(Pooler pooler, String maxPause) {
        return Move.of(folder, pair, PLAN.formatted(maxPause, pooler.gate("")));
    }

    @Test
    void clientsSeeNoFailureOverManySwitches() throws IOException {
        try (Pooler pooler = Pooler.to(folder, source.endpoint())) {
            String before = Files.readString(pooler.config());
            Move move = move(pooler, "5s");
            List<Double> pauses = new ArrayList<>();
            long done;
            try (LiveRun run = LiveRun.inStep(move)) {
                PooledClients clients = new PooledClients(pooler, CLIENTS);
                try (clients) {
                    for (int i = 0; i < SWITCHES; i++) {
                        long atLeast = clients.done() + 100;
                        LiveRun.await("work", () -> clients.done() > atLeast);
                        pauses.add(pause(move.told(i % 2 == 0 ? "cutover" : "rollback").done()));
                        assertThat(Files.readString(pooler.config()))
                                .isEqualTo(i % 2 == 0 ? led(before) : before);
                    }
                    long atLeast = clients.done() + 100;
                    LiveRun.await("work", () -> clients.done() > atLeast);
                }
                assertThat(clients.failures()).isEmpty();
                done = clients.done();
                LOG.info(
                        "{} transactions over {} switches, longest {} ms, pauses {} ms",
                        done,
                        SWITCHES,
                        clients.longestMillis(),
                        pauses);
                assertThat(clients.longestMillis()).isLessThan(5_000);
                move.told("validate").done();
                assertThat(run.stop().exit()).isEqualTo(130);
            }
            Db active = SWITCHES % 2 == 0 ? source : target;
            assertThat(Pair.rows(active, COUNT)).containsExactly("(t,%d)".formatted(done));
        }
    }

    /// Only the name of the database is another one: both are on one server.
    private String led(String config) {
        return config.replace(source.endpoint().database(), target.endpoint().database());
    }

    private static double pause(String told) {
        return Double.parseDouble(told.replaceFirst(".*write pause ([0-9.]+) ms.*", "$1"));
    }

    @Test
    void aTransactionThatDoesNotEndUndoesTheSwitch() throws SQLException {
        try (Pooler pooler = Pooler.to(folder, source.endpoint());
                Connection busy = pooler.connect("long job")) {
            Move move = move(pooler, "700ms");
            try (LiveRun run = LiveRun.inStep(move);
                    PooledClients clients = new PooledClients(pooler, 2)) {
                busy.setAutoCommit(false);
                try (Statement statement = busy.createStatement()) {
                    statement.execute("SELECT 1");
                    move.told("cutover")
                            .refused(
                                    1,
                                    "SWITCH_FAILED",
                                    "the switch was undone after clients were held for ",
                                    "did not come to rest within",
                                    "user postgres (long job)");
                    statement.execute("SELECT 1");
                }
                busy.commit();
                assertThat(pooler.leadsTo()).isEqualTo(source.endpoint().database());
                move.told("cutover").done();
                assertThat(pooler.leadsTo()).isEqualTo(target.endpoint().database());
                assertThat(clients.failures()).isEmpty();
                assertThat(run.stop().exit()).isEqualTo(130);
            }
        }
    }

    @Test
    void aPgBouncerThatCannotServeIsRefusedBeforeAnythingStarts() {
        try (Pooler pooler = Pooler.to(folder, source.endpoint())) {
            Move move = move(pooler, "5s");
            pooler.stop();
            move.told("run", "--until", "in-step")
                    .refused(4, "PRECONDITION", "127.0.0.1:" + pooler.port(), "cannot be asked");
            pooler.startAgain();
            move.told("run", "--until", "in-step").done();
            pooler.stop();
            move.told("cutover").refused(4, "PRECONDITION", "cannot be asked as \"admin\"");
            pooler.startAgain();
            move.told("cutover").done();
            assertThat(pooler.leadsTo()).isEqualTo(target.endpoint().database());
        }
    }
}
