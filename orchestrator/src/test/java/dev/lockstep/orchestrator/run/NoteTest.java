package dev.lockstep.orchestrator.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.testing.PostgresServer;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NoteTest {
    private static final String RUN = "shop";

    private final PostgresServer server = PostgresServer.shared();
    private final Db db = server.database();

    @BeforeEach
    void migrate() {
        OwnTables.migrate(db);
    }

    @AfterEach
    void drop() {
        server.drop(db);
    }

    private void leave(long epoch, long lag) {
        new Note(epoch, 0, 1, 1, lag, 0, 0, null, null).leave(db, RUN);
    }

    private Optional<Note.Found> found() {
        return db.call(session -> Note.find(session, RUN));
    }

    @Test
    void whoHasLostARunDoesNotHideWhatItsNewOwnerNotes() {
        try (Lease first = Lease.take(db, RUN, "")) {
            new Journal(db, RUN).append(first.epoch(), new RunEvent.Started());
            leave(first.epoch(), 5);
            assertThat(found().orElseThrow().fresh()).isTrue();
        }
        try (Lease next = Lease.take(db, RUN, "")) {
            assertThat(found().orElseThrow().fresh()).as("of the one before").isFalse();
            leave(next.epoch(), 7);
            leave(next.epoch() - 1, 9);
            assertThat(found().orElseThrow().note().lagMillis()).isEqualTo(7);
            assertThat(found().orElseThrow().fresh()).isTrue();
        }
    }
}
