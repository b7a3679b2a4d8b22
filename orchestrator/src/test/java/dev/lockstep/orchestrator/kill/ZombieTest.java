package dev.lockstep.orchestrator.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.log.EmbeddedBroker;
import dev.lockstep.orchestrator.run.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Processes that stand still in the middle of a run, as on a machine that is suspended, are taken
/// for dead, and wake up when another process has gone on. They write nothing any more.
@Timeout(300)
class ZombieTest {
    private static final int SWITCHES = 3;
    private static final List<String> POINTS =
            Boolean.getBoolean("lockstep.heavy")
                    ? List.of("in-step", "open/0", "intend/1", "turn/1")
                    : List.of("open/0");
    private static final String STALE =
            """
            SELECT count(*) FROM lockstep.lease
             WHERE NOT released AND renewed_at < clock_timestamp() - interval '15500 ms'\
            """;

    @TempDir private Path folder = Path.of("");
    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T opened(T made) {
        opened.add(made);
        return made;
    }

    @Test
    void whoWakesUpAfterATakeoverWritesNothingAnyMore() throws IOException {
        EmbeddedBroker cluster = opened(EmbeddedBroker.start(folder.resolve("cluster")));
        Databases databases = opened(new Databases());
        databases.create();
        Application application = opened(Application.start(databases));
        Witness witness = new Witness(databases, application);
        Path plan = plan(databases, cluster);
        List<VictimProcess> asleep = new ArrayList<>();
        for (String point : POINTS) {
            VictimProcess next =
                    opened(VictimProcess.start(plan, point, "" + SWITCHES, "complete"));
            next.awaitReached(point);
            asleep.forEach(ZombieTest::wakesInVain);
            asleep.clear();
            next.suspend();
            Waiting.until(
                    "it is taken for dead",
                    () -> databases.number(Side.TARGET, STALE) == 1,
                    next::situation);
            asleep.add(next);
        }
        VictimProcess heir =
                opened(VictimProcess.start(plan, "nowhere", "" + SWITCHES, "complete"));
        heir.awaitReached(Victim.SETTLED);
        asleep.forEach(ZombieTest::wakesInVain);
        witness.compare(heir::situation);
        heir.go();
        heir.awaitExit(0);
        application.close();
        assertThat(databases.leftOver()).isEmpty();
    }

    private static void wakesInVain(VictimProcess asleep) {
        asleep.wake();
        asleep.awaitExit(1);
    }

    /// Each process on its own machine, so to speak: only a cluster serves both.
    private Path plan(Databases databases, EmbeddedBroker cluster) throws IOException {
        Path plan = databases.plan(folder, "unlimited");
        return Files.writeString(
                plan,
                Files.readString(plan)
                        .replace(
                                "kafka: embedded",
                                "kafka: { bootstrap.servers: \"%s\" }"
                                        .formatted(cluster.bootstrapServers()))
                        .replace("max-pause: 60s", "max-pause: 10s"));
    }
}
