package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import java.nio.file.Files;
import java.util.List;

/// Runs a plan that has to be refused, and looks whether it changed anything.
final class Refusals {
    private Refusals() {}

    /// The refusal of `run`, which left both databases and the plan's folder as they were.
    static Told ofRun(Move move, Db source, Db target) {
        List<String> sourceBefore = Traces.of(source);
        List<String> targetBefore = Traces.of(target);
        Told told = move.told("run", "--until", "in-step");
        assertThat(Traces.of(source)).isEqualTo(sourceBefore);
        assertThat(Traces.of(target)).isEqualTo(targetBefore);
        assertThat(Files.exists(move.state())).as("folder %s", move.state()).isFalse();
        return told;
    }
}
