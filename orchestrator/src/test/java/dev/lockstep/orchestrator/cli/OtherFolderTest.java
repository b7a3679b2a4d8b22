package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run is taken up from another folder than that in which its changes are.
class OtherFolderTest {
    private final Pair pair = Pair.create();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    private Move elsewhere(Move move) throws IOException {
        Path other = Files.createDirectory(folder.resolve("elsewhere"));
        return new Move(move.name(), Files.copy(move.plan(), other.resolve("plan.yaml")));
    }

    @Test
    void aRunIsTakenUpWhereItsChangesAre() throws IOException {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move first = Move.alone(folder, pair);
        first.told("run", "--until", "in-step").done();
        Move other = elsewhere(first);
        String there = first.state().toString();
        other.told("run").refused(4, "PRECONDITION", there, "LOCKSTEP_STATE", "`abort`");
        other.told("cutover").refused(4, "PRECONDITION", there);
        assertThat(other.state().getParent()).doesNotExist();
        Pair.run(pair.source(), "INSERT INTO item VALUES (1)");
        Files.createDirectories(other.state().getParent());
        Files.move(first.state(), other.state());
        other.told("cutover").done();
        assertThat(Pair.rows(pair.target(), "SELECT id FROM item")).containsExactly("(1)");
        first.told("rollback").refused(4, "PRECONDITION", other.state().toString());
        assertThat(first.told("complete").done()).contains("completed");
        assertThat(Pair.rows(pair.target(), "SELECT id FROM item")).containsExactly("(1)");
    }

    /// The process died after it had told that it copies, and before it kept a change.
    @Test
    void aRunThatHasNoChangesYetIsTakenUpAnywhere() throws IOException {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        Move first = Move.alone(folder, pair);
        Hooked dying =
                new Hooked()
                        .at(
                                "copying",
                                () -> {
                                    throw new LockstepException(Fault.INTERRUPTED, "dead");
                                });
        assertThatThrownBy(() -> dying.switches(first, 1)).hasMessageContaining("interrupted");
        assertThat(Status.of(first).state()).isEqualTo("copying");
        Pair.run(pair.source(), "INSERT INTO item VALUES (1)");
        elsewhere(first).told("run", "--until", "in-step").done();
        assertThat(Pair.rows(pair.target(), "SELECT id FROM item")).containsExactly("(1)");
        first.told("abort").done();
    }
}
