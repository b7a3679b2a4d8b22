package dev.lockstep.orchestrator.kill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.testing.local.Pooler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// Lockstep's process is killed while it has a PgBouncer paused. Its clients go on although nobody
/// starts another process, and the next one leads them to where writes are accepted.
@Execution(ExecutionMode.CONCURRENT)
class GateKillTest {
    private static final Duration RESUMED_MAX = Duration.ofSeconds(5);

    @TempDir private Path folder = Path.of("");
    private final Databases databases = new Databases();

    @BeforeEach
    void installed() {
        assumeThat(Pooler.isInstalled()).as(Pooler.MISSING).isTrue();
        databases.create();
    }

    @AfterEach
    void close() {
        databases.close();
    }

    @Execution(ExecutionMode.SAME_THREAD)
    @Test
    void clientsGoOnWhenWhoPausedThemIsKilled() throws IOException {
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
        Path plan = databases.plan(folder, "unlimited");
        return Files.writeString(
                plan,
                Files.readString(plan)
                        .replace(
                                "max-pause: 60s",
                                "max-pause: 60s, gate: { pgbouncer: " + pooler.gate("") + " }"));
    }
}
