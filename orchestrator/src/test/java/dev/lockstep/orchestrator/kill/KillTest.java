package dev.lockstep.orchestrator.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.kill.Databases.Answer;
import dev.lockstep.orchestrator.kill.Databases.Hold;
import dev.lockstep.orchestrator.run.Side;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableMap;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Lockstep's process is killed with SIGKILL while an application writes; another process finishes
/// the run. Nobody ever finds both sides open, and no acknowledged write is missing.
@Timeout(600)
class KillTest {
    private static final String NONE = "none";
    private static final String CHUNKS =
            "SELECT count(*) FROM lockstep.chunk WHERE rows IS NOT NULL";
    private static final String CHUNKS_LEFT =
            "SELECT count(*) FROM lockstep.chunk WHERE rows IS NULL";
    private static final String LAST_TICK = "SELECT max(n) FROM public.tick";

    @TempDir private Path folder = Path.of("");

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.lockstep.orchestrator.kill.KillPoint#ofStates")
    void aRunThatIsKilledInAStateIsFinished(KillPoint point) {
        killAndFinish(point);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("dev.lockstep.orchestrator.kill.KillPoint#ofSteps")
    void aRunThatIsKilledInASwitchIsFinished(KillPoint point) {
        killAndFinish(point);
    }

    private void killAndFinish(KillPoint point) {
        try (Databases databases = new Databases()) {
            databases.create();
            try (Application application = Application.start(databases)) {
                runToDeath(point, databases, application);
                checkDeadTime(point, databases, application);
                finish(point, databases, application);
                checkOver(point, databases, application);
            }
        }
    }

    private void runToDeath(KillPoint point, Databases databases, Application application) {
        String rate = point.name().equals("copying") ? "1000" : "unlimited";
        Path plan = databases.plan(folder, rate);
        try (VictimProcess victim = start(plan, point.name(), point)) {
            if (point.isAtEnd()) {
                settle(victim, databases, application);
            }
            victim.awaitReached(point.name());
            if (point.name().equals("in-step")) {
                awaitFollowing(databases, victim);
            }
            if (point.brake().isEmpty()) {
                victim.kill();
            } else {
                killStuck(victim, point.brake().get(), databases, point);
            }
        }
    }

    private static VictimProcess start(Path plan, String stop, KillPoint point) {
        return VictimProcess.start(plan, stop, Integer.toString(point.switches()), point.end());
    }

    /// Kills it while it waits for a lock.
    private static void killStuck(
            VictimProcess victim, KillPoint.Brake brake, Databases databases, KillPoint point) {
        boolean copying = point.name().equals("copying");
        if (copying) {
            victim.go();
            Waiting.until(
                    "two chunks are copied",
                    () -> databases.hasChunks() && databases.number(Side.TARGET, CHUNKS) >= 2,
                    victim::situation);
        }
        try (Hold hold = databases.hold(brake.side(), brake.table(), brake.mode())) {
            if (!copying) {
                victim.go();
            }
            Waiting.until("it is stuck", hold::isWaitedFor, victim::situation);
            victim.kill();
        }
        if (copying) {
            assertThat(databases.number(Side.TARGET, CHUNKS_LEFT)).isPositive();
        }
    }

    private static void awaitFollowing(Databases databases, VictimProcess victim) {
        long now = databases.number(Side.SOURCE, LAST_TICK);
        Waiting.until(
                "the standby follows",
                () -> databases.number(Side.TARGET, LAST_TICK) > now,
                victim::situation);
    }

    private static void checkDeadTime(
            KillPoint point, Databases databases, Application application) {
        Waiting.until(
                "the sessions of the dead process end",
                () -> databases.sessions().isEmpty(),
                databases::sessions);
        point.accepting().forEach(side -> assertAnswer(databases, side, Answer.ACCEPTS));
        point.refusing().forEach(side -> assertAnswer(databases, side, Answer.REFUSES));
        if (!point.accepting().isEmpty()) {
            application.awaitWrites(20, "the application goes on without Lockstep");
        }
    }

    private static void assertAnswer(Databases databases, Side side, Answer expected) {
        assertThat(databases.answer(side)).as("the " + side.label()).isEqualTo(expected);
    }

    private void finish(KillPoint point, Databases databases, Application application) {
        try (VictimProcess heir = start(databases.plan(folder, "unlimited"), NONE, point)) {
            if (!point.isAtEnd()) {
                settle(heir, databases, application);
            }
            heir.awaitExit(0);
        }
    }

    /// The run is in step and has switched as often as it should. Compares the sides while the
    /// application holds its breath, and has the run ended after it.
    private static void settle(VictimProcess victim, Databases databases, Application application) {
        victim.awaitReached(Victim.SETTLED);
        application.watchMoney(true);
        application.awaitWrites(50, "the application writes to the active side");
        application.watchMoney(false);
        application.still((expected, active) -> {
            assertThat(Tables.differences(expected, Tables.contents(databases.of(active))))
                    .as("acknowledged, but not so on the active side")
                    .isEmpty();
            Waiting.until(
                    "the standby holds the same",
                    () ->
                            Tables.differences(
                                            expected, Tables.contents(databases.of(active.other())))
                                    .isEmpty(),
                    () ->
                            String.join(
                                            "\n",
                                            Tables.differences(
                                                    expected,
                                                    Tables.contents(databases.of(active.other()))))
                                    + victim.situation());
        });
        victim.go();
    }

    private void checkOver(KillPoint point, Databases databases, Application application) {
        application.awaitWrites(20, "the application goes on after the run");
        application.still((expected, active) -> {
            assertThat(active).isEqualTo(point.last());
            assertThat(Tables.differences(expected, Tables.contents(databases.of(active))))
                    .as("acknowledged, but not so when the run is over")
                    .isEmpty();
        });
        assertThat(databases.leftOver()).isEmpty();
        assertThat(databases.sessions()).isEmpty();
        assertThat(databases.journal()).noneMatch(line -> line.startsWith("(Failed"));
        assertThat(databases.answer(point.last())).isEqualTo(Answer.ACCEPTS);
        assertThat(files()).noneMatch(file -> file.contains("kafka"));
        if (point.end().equals("abort")) {
            assertThat(Tables.contents(databases.of(Side.TARGET)).values())
                    .allMatch(NavigableMap::isEmpty);
        }
    }

    private List<String> files() {
        try (var files = Files.walk(folder)) {
            return files.map(Path::toString).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
