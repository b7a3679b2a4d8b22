package dev.lockstep.orchestrator.random;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.kill.Databases;
import dev.lockstep.orchestrator.kill.Databases.Hold;
import dev.lockstep.orchestrator.kill.Waiting;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A log that has lost what the source was told is safe, and the standby has not. The next process
/// must not go on as if nothing were missing.
class LogSetBackTest implements Life.Scene {
    private static final String CONFIRMED =
            """
            SELECT count(*) FROM pg_replication_slots
             WHERE database = current_database() AND confirmed_flush_lsn >= '%s'\
            """;

    @TempDir private Path folder = Path.of("");
    private final Databases databases = new Databases();
    private String said = "";

    @Test
    void isFoundOut() throws Exception {
        databases.create();
        Path home = folder.resolve("run");
        try (Life life = new Life(this, home, List.of(), new Random(1))) {
            life.settledOrEnd().get(2, TimeUnit.MINUTES);
            try (Hold hold = databases.hold(Side.TARGET, "public.place", "ACCESS EXCLUSIVE")) {
                Map<Path, Long> lengths = LogImage.lengths(home);
                Pair.run(databases.of(Side.SOURCE), "INSERT INTO place VALUES (1000, 'new')");
                String now =
                        databases
                                .of(Side.SOURCE)
                                .call(session -> session.one("SELECT pg_current_wal_lsn()"));
                Waiting.until(
                        "the source is told that it is kept",
                        () -> databases.number(Side.SOURCE, CONFIRMED.formatted(now)) == 1,
                        () -> said);
                assertThat(hold.isWaitedFor()).isTrue();
                life.dieSetBack(lengths);
            }
            Waiting.until(
                    "the dead are gone", () -> databases.sessions().isEmpty(), databases::sessions);
            try (Life next = new Life(this, life.end().join().home(), List.of(), new Random(1))) {
                assertThat(next.end().get(2, TimeUnit.MINUTES).failure())
                        .isInstanceOfSatisfying(
                                LockstepException.class,
                                e -> assertThat(e.fault()).isEqualTo(Fault.POSITION_LOST));
            }
        }
    }

    @AfterEach
    void drop() {
        databases.drop();
    }

    @Override
    public Databases databases() {
        return databases;
    }

    @Override
    public Path plan(Path home, String source, String target) {
        try {
            Files.createDirectories(home);
            return Files.writeString(
                    home.resolve("plan.yaml"),
                    Round.PLAN.formatted("set-back", source, target, 2, "unlimited"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int switches() {
        return 0;
    }

    @Override
    public boolean mayEnd() {
        return false;
    }

    @Override
    public boolean isTroubled() {
        return false;
    }

    @Override
    public void troubled() {}

    @Override
    public void say(String text) {
        said = text;
    }

    @Override
    public void breathe() {}
}
