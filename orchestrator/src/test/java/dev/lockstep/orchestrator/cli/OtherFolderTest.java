package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
}
