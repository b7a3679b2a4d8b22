package dev.lockstep.cdc.apply;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.StreamFixture;
import dev.lockstep.cdc.capture.SnapshotSlot;
import dev.lockstep.cdc.session.ReplicaRole;
import dev.lockstep.plans.catalog.TableFiles;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RecopyTest {
    private static final TableName ITEM = new TableName("public", "item");
    private static final Duration SOON = Duration.ofSeconds(30);

    private final Pair pair = Pair.create();
    private final StreamFixture fixture = new StreamFixture(pair);

    @AfterEach
    void drop() {
        pair.close();
    }

    @Test
    void rowIsCopiedAsOfTheSnapshot() throws Exception {
        leaveUnfinished();
        OptionalInt copied =
                recopy(() -> Pair.run(pair.source(), "UPDATE item SET name = 'later'"));
        assertThat(copied).hasValue(1);
        assertThat(Pair.rows(pair.target(), "SELECT * FROM item")).containsExactly("(2,two)");
    }

    @Test
    void truncatedTableIsNotTakenForAnEmptyOne() throws Exception {
        leaveUnfinished();
        OptionalInt copied = recopy(() -> Pair.run(pair.source(), "TRUNCATE item"));
        assertThat(copied).isEmpty();
        assertThat(Pair.rows(pair.target(), "SELECT key FROM lockstep.unfinished_row"))
                .containsExactly("({2})");
    }

    private void leaveUnfinished() {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY, name text)");
        Pair.run(pair.source(), "INSERT INTO item VALUES (1, 'one'), (2, 'two'), (3, 'three')");
        Pair.run(
                pair.target(),
                "INSERT INTO lockstep.unfinished_row (run, schema_name, table_name, key) "
                        + "VALUES ('%s', 'public', 'item', '{2}')".formatted(fixture.run()));
    }

    /// @param between done once the snapshot is made, and before it is used
    private OptionalInt recopy(Runnable between) throws InterruptedException {
        TableFiles files = pair.source().call(session -> TableFiles.of(session, List.of(ITEM)));
        try (SnapshotSlot slot = SnapshotSlot.make(pair.source(), "test", SOON);
                Session standby = pair.target().session("test")) {
            between.run();
            ReplicaRole.enter(standby);
            standby.begin();
            Collection<Route> routes = fixture.open().spec().routes();
            OptionalInt copied =
                    new Recopy(standby, fixture.run(), routes)
                            .unfinishedRows(slot.snapshot(), files);
            if (copied.isPresent()) {
                standby.commit();
            }
            return copied;
        }
    }
}
