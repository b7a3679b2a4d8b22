package dev.lockstep.orchestrator.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.gate.GateSpec.Server;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Secret;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.local.Pooler;
import dev.lockstep.testing.local.Pooler.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The gate alone, with real PgBouncers.
class PgBouncerGateTest {
    private static final Duration PAUSE_MAX = Duration.ofSeconds(5);

    @TempDir Path folder;
    private final Pair pair = Pair.create();

    @BeforeEach
    void installed() {
        assumeThat(Pooler.isInstalled()).as(Pooler.MISSING).isTrue();
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private Pooler pooler(Kind kind) {
        return Pooler.to(folder, pair.source().endpoint(), kind);
    }

    private GateSpec.PgBouncer spec(Pooler pooler, String user) {
        return spec(pooler.port(), pooler, user);
    }

    private GateSpec.PgBouncer spec(int port, Pooler pooler, String user) {
        return new GateSpec.PgBouncer(
                new GateSpec.Console("127.0.0.1", port, user, new Secret("secret")),
                pooler.config(),
                "front",
                server(pair.source()),
                server(pair.target()),
                PAUSE_MAX);
    }

    private static Server server(Db db) {
        return new Server(db.endpoint().host(), db.endpoint().port(), db.endpoint().database());
    }

    private Gate gate(Side from, Pooler... poolers) {
        List<GateSpec.PgBouncer> all = Stream.of(poolers).map(p -> spec(p, "admin")).toList();
        return new PgBouncerGate(new GateSpec.PgBouncers(all), from, PAUSE_MAX);
    }

    private static String name(Db db) {
        return db.endpoint().database();
    }

    private List<String> problems(GateSpec.PgBouncer spec, Side from) {
        Problems problems = new Problems();
        try (Gate gate =
                new PgBouncerGate(new GateSpec.PgBouncers(List.of(spec)), from, PAUSE_MAX)) {
            gate.check(problems);
        }
        return problems.all();
    }

    @ParameterizedTest
    @ValueSource(strings = {"trust", "plain", "md5", "scram-sha-256"})
    void clientsWaitAndMoveWhateverTheLogin(String login) {
        try (Pooler pooler = pooler(new Kind(login, "transaction"));
                Gate gate = gate(Side.SOURCE, pooler)) {
            assertThat(pooler.leadsTo()).isEqualTo(name(pair.source()));
            gate.prepare();
            gate.hold(PAUSE_MAX);
            CompletableFuture<String> led = CompletableFuture.supplyAsync(pooler::leadsTo);
            assertThat(led.completeOnTimeout("waits", 200, TimeUnit.MILLISECONDS).join())
                    .isEqualTo("waits");
            gate.move();
            gate.release();
            assertThat(pooler.leadsTo()).isEqualTo(name(pair.target()));
            gate.move();
            gate.release();
            gate.undo();
            assertThat(pooler.leadsTo()).isEqualTo(name(pair.target()));
        }
    }

    @Test
    void allArePausedOrNone() throws SQLException {
        try (Pooler one = pooler(Kind.USUAL);
                Pooler other = pooler(Kind.USUAL);
                Connection busy = other.connect("long job");
                Gate gate = gate(Side.SOURCE, one, other)) {
            begin(busy);
            gate.prepare();
            assertThatThrownBy(() -> gate.hold(Duration.ofMillis(500)))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.SWITCH_FAILED))
                    .hasMessageContaining(
                            "PgBouncer \"127.0.0.1:%d\" did not come to rest within 500 ms",
                            other.port())
                    .hasMessageContaining("user postgres");
            gate.undo();
            assertThat(one.leadsTo()).isEqualTo(name(pair.source()));
            assertThat(other.leadsTo()).isEqualTo(name(pair.source()));
            busy.commit();
        }
    }

    private static void begin(Connection client) throws SQLException {
        client.setAutoCommit(false);
        try (Statement statement = client.createStatement()) {
            statement.execute("SELECT 1");
        }
    }

    @Test
    void oneThatIsGoneOrStandsStillFailsInTime() {
        try (Pooler gone = pooler(Kind.USUAL);
                Pooler still = pooler(Kind.USUAL)) {
            failsInTime(gone, still);
            still.signal("CONT");
            // The PAUSE that it had not read yet is read now, and taken back by the guard.
            assertThat(still.leadsTo()).isEqualTo(name(pair.source()));
        }
    }

    @Test
    void aPauseThatArrivesWhenAllAreResumedIsTakenBack() throws Exception {
        try (Pooler pooler = pooler(Kind.USUAL);
                LatePause late = new LatePause(pooler.port())) {
            GateSpec.PgBouncer spec = spec(late.port(), pooler, "admin");
            try (Gate gate =
                    new PgBouncerGate(
                            new GateSpec.PgBouncers(List.of(spec)), Side.SOURCE, PAUSE_MAX)) {
                gate.prepare();
                assertThatThrownBy(() -> gate.hold(Duration.ofMillis(500)))
                        .hasMessageContaining("did not come to rest");
                gate.undo();
                late.arrive();
            }
            assertThat(CompletableFuture.supplyAsync(pooler::leadsTo))
                    .succeedsWithin(Duration.ofSeconds(20))
                    .isEqualTo(name(pair.source()));
        }
    }

    private void failsInTime(Pooler gone, Pooler still) {
        try (Gate gate = gate(Side.SOURCE, gone, still)) {
            gate.prepare();
            gone.stop();
            still.signal("STOP");
            long start = System.nanoTime();
            assertThatThrownBy(() -> gate.hold(Duration.ofMillis(500)))
                    .hasMessageContaining("127.0.0.1:%d\" cannot pause", gone.port())
                    .hasMessageContaining("127.0.0.1:%d\" did not come to rest", still.port());
            assertThatThrownBy(gate::undo)
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.GATE_FAILED))
                    .hasMessageContaining("RESUME front there by hand");
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(8));
        }
    }

    @Test
    void twoMayShareAFile() throws IOException {
        try (Pooler one = pooler(Kind.USUAL);
                Gate gate =
                        new PgBouncerGate(
                                new GateSpec.PgBouncers(
                                        List.of(spec(one, "admin"), spec(one, "admin"))),
                                Side.SOURCE,
                                PAUSE_MAX)) {
            gate.move();
            gate.release();
            assertThat(Files.readString(one.config())).contains("dbname=" + name(pair.target()));
        }
    }

    @Test
    void clientsMayWaitForLongerThanAPause() throws IOException {
        try (Pooler pooler = pooler(Kind.USUAL)) {
            assertThat(problems(spec(pooler, "admin"), Side.SOURCE)).isEmpty();
            pooler.stop();
            Files.writeString(
                    pooler.config(),
                    Files.readString(pooler.config())
                            .replace("[pgbouncer]", "[pgbouncer]\nquery_wait_timeout = 2"));
            pooler.startAgain();
            assertThat(problems(spec(pooler, "admin"), Side.SOURCE))
                    .singleElement()
                    .asString()
                    .contains("(query_wait_timeout)", "cutover.max-pause is 5000 ms");
        }
    }

    @Test
    void whatCannotWorkIsToldBeforeTheStart() throws IOException {
        try (Pooler pooler = pooler(new Kind("md5", "session"))) {
            GateSpec.PgBouncer spec = spec(pooler, "admin");
            assertThat(problems(spec, Side.SOURCE))
                    .singleElement()
                    .asString()
                    .contains("pools database \"front\" by session");
            assertThat(problems(spec(pooler, "watcher"), Side.SOURCE))
                    .anySatisfy(p -> assertThat(p).contains("add it to admin_users"));
            assertThat(problems(spec(pooler, "postgres"), Side.SOURCE))
                    .singleElement()
                    .asString()
                    .contains("cannot be asked as \"postgres\"", "not allowed");
            assertThat(problems(spec, Side.TARGET))
                    .anySatisfy(p ->
                            assertThat(p)
                                    .contains(
                                            "leads database \"front\" to " + server(pair.source()),
                                            "expected the active database"));
            Files.writeString(pooler.config(), "[databases]\nfront = host=x,y\n");
            assertThat(problems(spec, Side.SOURCE))
                    .anySatisfy(p -> assertThat(p).contains("several hosts, x,y"));
            Files.delete(pooler.config());
            assertThat(problems(spec, Side.SOURCE))
                    .anySatisfy(p -> assertThat(p).contains("check config"));
            pooler.stop();
            assertThat(problems(spec, Side.SOURCE))
                    .anySatisfy(p -> assertThat(p).contains("Connection refused"));
        }
    }
}
