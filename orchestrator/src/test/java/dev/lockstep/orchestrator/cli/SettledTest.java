package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever a switch stops at, clients are let go by whoever holds them, and what its process knows
/// is not asked for.
class SettledTest {
    private static final String PLAN =
            """
            schema: { copy: none }
            cutover:
              max-pause: 60s
              max-lag: 60s
              gate:
                hooks:
                  hold: { run: [./hook, hold], undo: { run: [./hook, let-go] } }
                  move: { run: [./hook, move], undo: { run: [./hook, take-back] } }
            """;
    private static final String HOOK =
            """
            #!/bin/sh
            echo "$1" >> calls
            test ! -e "no-$1" || { rm "no-$1"; echo "no $1 today"; exit 1; }
            """;

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    private Move move = new Move("", Path.of(""));
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void start() throws IOException {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Path hook = Files.writeString(folder.resolve("hook"), HOOK);
        assertThat(hook.toFile().setExecutable(true)).isTrue();
        move = Move.of(folder, pair, PLAN);
        move.told("run", "--until", "in-step").done();
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private List<String> calls() throws IOException {
        return Files.readAllLines(folder.resolve("calls"));
    }

    private void fails(String hook) {
        try {
            Files.createFile(folder.resolve("no-" + hook));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Nobody could say whether the old side refuses, and nobody has to.
    @Test
    void aSwitchThatHasOpenedTheNewSideGoesOnWithoutTheOldOne() throws IOException {
        fails("move");
        try (Session reporter = source.session("reporter")) {
            Hooked hooked =
                    new Hooked()
                            .at(
                                    "move/0",
                                    () -> {
                                        reporter.begin();
                                        reporter.run(
                                                "LOCK TABLE public.item IN ROW EXCLUSIVE MODE");
                                    })
                            .at("settled", reporter::commit);
            hooked.switches(move, 1);
            assertThat(hooked.said()).anyMatch(text -> text.contains("writes go to the target"));
        }
        assertThat(calls()).containsExactly("hold", "move", "take-back", "move");
    }

    /// Such as one that nobody has thought of.
    @Test
    void anyFailureLetsClientsGo() throws IOException {
        for (Runnable failure : List.<Runnable>of(SettledTest::state, SettledTest::check)) {
            Hooked hooked = new Hooked().at("drain/0", failure);
            assertThatThrownBy(() -> hooked.switches(move, 1))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.INTERNAL))
                    .hasMessageContaining("as planned by a test");
            assertThat(calls()).endsWith("hold", "let-go");
            assertThat(move.told("journal").done().lines())
                    .filteredOn(line -> line.contains("SwitchUndone"))
                    .last()
                    .asString()
                    .contains("as planned by a test");
            Pair.run(source, "DELETE FROM item");
        }
    }

    private static void state() {
        throw new IllegalStateException("as planned by a test");
    }

    private static void check() {
        throw new AssertionError("as planned by a test");
    }

    @Test
    void clientsAreLetGoByAnotherAttemptWhereOneFails() throws IOException {
        fails("hold");
        fails("let-go");
        move.told("cutover").refused(1, "SWITCH_FAILED", "the switch was undone", "no hold today");
        assertThat(calls()).containsExactly("hold", "let-go", "let-go");
    }

    /// They are held by the process that has the run now, maybe.
    @Test
    void whoHasLostTheRunLeavesItsClientsToTheOther() throws IOException {
        Hooked hooked =
                new Hooked()
                        .at(
                                "drain/0",
                                () ->
                                        Pair.run(
                                                target,
                                                "UPDATE lockstep.lease SET epoch = epoch + 1"));
        assertThatThrownBy(() -> hooked.switches(move, 1))
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.LEASE_LOST));
        assertThat(calls()).containsExactly("hold");
        move.told("abort").done();
        assertThat(calls()).containsExactly("hold", "let-go");
    }
}
