package dev.lockstep.orchestrator.kill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.testing.local.Pooler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Lockstep's process is killed while it holds clients. Those of a PgBouncer go on although nobody
/// starts another process, and the next one leads all of them to where writes are accepted.
@Order(6)
class GateKillTest {
    private static final Duration RESUMED_MAX = Duration.ofSeconds(5);
    private static final String HOOKS =
            """
            { hooks: { \
            hold: { run: [sh, -c, "echo hold >> calls"], \
            undo: { run: [sh, -c, "echo let-go >> calls"] } }, \
            move: { run: [sh, -c, "echo move >> calls"] }, \
            release: { run: [sh, -c, "echo release >> calls"] } } }\
            """;

    @TempDir private Path folder = Path.of("");
    private final Databases databases = new Databases();

    @BeforeEach
    void create() {
        databases.create();
    }

    @AfterEach
    void close() {
        databases.close();
    }

    @Test
    void clientsGoOnWhenWhoPausedThemIsKilled() throws IOException {
        assumeThat(Pooler.isInstalled()).as(Pooler.MISSING).isTrue();
        try (Pooler pooler = Pooler.to(folder, databases.of(Side.SOURCE).endpoint())) {
            Path plan = plan(pooler);
            killedAt("drain/0", plan, pooler, Side.SOURCE);
            // Writes have moved: who still comes to the old side is refused, and does not wait.
            killedAt("move/0", plan, pooler, Side.SOURCE);
            try (VictimProcess heir = VictimProcess.start(plan, "nowhere", "1", "complete")) {
                heir.awaitReached(Victim.SETTLED);
                assertThat(leadsTo(pooler)).isEqualTo(name(Side.TARGET));
                heir.go();
                heir.awaitExit(0);
            }
        }
    }

    /// Nobody lets them go in the dead one's stead but the next process.
    @Test
    void clientsThatHooksHoldAreLetGoOrMovedByTheNextProcess() throws IOException {
        Path plan = plan(HOOKS);
        killedAt("drain/0", plan);
        assertThat(calls()).containsExactly("hold");
        killedAt("move/0", plan);
        assertThat(calls()).containsExactly("hold", "let-go", "hold");
        try (VictimProcess heir = VictimProcess.start(plan, "nowhere", "1", "complete")) {
            heir.awaitReached(Victim.SETTLED);
            assertThat(calls()).containsExactly("hold", "let-go", "hold", "move", "release");
            heir.go();
            heir.awaitExit(0);
        }
    }

    private static void killedAt(String point, Path plan) {
        try (VictimProcess victim = VictimProcess.start(plan, point, "1", "complete")) {
            victim.awaitReached(point);
            victim.kill();
        }
    }

    private List<String> calls() throws IOException {
        return Files.readAllLines(folder.resolve("calls"));
    }

    private void killedAt(String point, Path plan, Pooler pooler, Side leadsTo) {
        try (VictimProcess victim = VictimProcess.start(plan, point, "1", "complete")) {
            victim.awaitReached(point);
            CompletableFuture<String> waiting = CompletableFuture.supplyAsync(pooler::leadsTo);
            assertThat(waiting.copy().completeOnTimeout("waits", 300, TimeUnit.MILLISECONDS).join())
                    .isEqualTo("waits");
            victim.kill();
            assertThat(waiting).succeedsWithin(RESUMED_MAX).isEqualTo(name(leadsTo));
        }
    }

    private String leadsTo(Pooler pooler) {
        return CompletableFuture.supplyAsync(pooler::leadsTo)
                .orTimeout(RESUMED_MAX.toSeconds(), TimeUnit.SECONDS)
                .join();
    }

    private String name(Side side) {
        return databases.of(side).endpoint().database();
    }

    private Path plan(Pooler pooler) throws IOException {
        return plan("{ pgbouncer: " + pooler.gate("") + " }");
    }

    private Path plan(String gate) throws IOException {
        Path plan = databases.plan(folder, "unlimited");
        return Files.writeString(
                plan,
                Files.readString(plan).replace("max-pause: 60s", "max-pause: 60s, gate: " + gate));
    }
}
