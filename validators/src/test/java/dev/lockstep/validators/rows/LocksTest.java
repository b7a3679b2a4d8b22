package dev.lockstep.validators.rows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.testing.Pair;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SnapshotSessions;
import dev.lockstep.validators.Verdict;
import org.junit.jupiter.api.Test;

class LocksTest {
    @Test
    void whatWasComparedIsNotLockedAnyMore() {
        try (Pair pair = Pair.create()) {
            Scene scene = new Scene(pair.source(), pair.target());
            scene.both("CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item VALUES (1)");
            try (SnapshotSessions sessions = scene.open(Mapping.NONE)) {
                var checksums = new Checksums(Progress.NONE, Scene.SHOWN);
                assertThat(checksums.validate(sessions.sides())).isInstanceOf(Verdict.Match.class);
                var counts = new RowCounts(Progress.NONE);
                assertThat(counts.validate(sessions.sides())).isInstanceOf(Verdict.Match.class);
                scene.both("SET lock_timeout = '1s'; TRUNCATE item");
            }
        }
    }
}
