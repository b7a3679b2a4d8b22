package dev.lockstep.orchestrator.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.orchestrator.run.History.LastSwitch;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class JournalTest {
    private static final String RUN = "shop";
    private static final RunEvent.Verified CLEAN =
            new RunEvent.Verified(
                    true,
                    false,
                    3,
                    1L << 40,
                    0,
                    "",
                    "16/B374D848",
                    "2026-02-03T04:04Z",
                    12,
                    "f",
                    "2026-02-03T04:05Z",
                    List.of("e"));
    private static final RunEvent.Switched SWITCHED =
            new RunEvent.Switched(20.5, "2026-02-03T04:05:06.123456Z", List.of("a.b"));

    /// One of each kind, with what JSON and SQL could trip over.
    private static final List<RunEvent> ALL =
            List.of(
                    new RunEvent.Started(),
                    new RunEvent.SchemaExpanded(),
                    new RunEvent.Copied(Long.MAX_VALUE),
                    new RunEvent.CaughtUp(3),
                    CLEAN,
                    new RunEvent.Verified(
                            false,
                            true,
                            1,
                            2,
                            3,
                            "a \"b\"\n\t\\ 'c' ü 😀 ?",
                            "0/1",
                            "",
                            0,
                            "f",
                            "",
                            List.of()),
                    new RunEvent.Repaired(7, List.of("a.\"b\"")),
                    new RunEvent.DifferencesAccepted(3, "first\n", "somebody, process 5"),
                    new RunEvent.StandbyTouched("table \"a\"", "2026-02-03T04:05Z"),
                    new RunEvent.SwitchStarted(Side.TARGET),
                    new RunEvent.SwitchStarted(Side.SOURCE),
                    new RunEvent.SwitchIntended(),
                    new RunEvent.SwitchUndone("null", 0.1),
                    SWITCHED,
                    new RunEvent.Switched(-1, "2026-02-03T04:05Z", List.of()),
                    new RunEvent.CompletionStarted(),
                    new RunEvent.Contracted(),
                    new RunEvent.AbortStarted(true),
                    new RunEvent.AbortStarted(false),
                    new RunEvent.CleanedUp(),
                    new RunEvent.Failed("UNREACHABLE", "no {\"answer\": null}"),
                    new RunEvent.Resumed());

    private final Db db = PostgresServer.shared().database();
    private final Journal journal = new Journal(db, RUN);

    @BeforeEach
    void migrate() {
        OwnTables.migrate(db);
    }

    @AfterEach
    void close() {
        db.close();
    }

    @Test
    void whatWasAppendedIsTheStateOfWhoeverReadsIt() {
        try (Lease lease = Lease.take(db, RUN)) {
            List<RunEvent> events =
                    List.of(
                            new RunEvent.Started(),
                            new RunEvent.SchemaExpanded(),
                            new RunEvent.Copied(10),
                            new RunEvent.CaughtUp(0),
                            CLEAN,
                            new RunEvent.SwitchStarted(Side.TARGET),
                            new RunEvent.SwitchIntended(),
                            SWITCHED);
            History told = History.NEW;
            for (RunEvent event : events) {
                told = journal.append(lease.epoch(), event);
                assertThat(new Journal(db, RUN).history()).isEqualTo(told);
            }
            assertThat(told.state()).isEqualTo(new RunState.InStep(Side.TARGET, 1));
            assertThat(told.lastVerification()).contains(CLEAN);
            assertThat(told.lastSwitch())
                    .contains(
                            new LastSwitch(
                                    Side.SOURCE, Side.TARGET, 20.5, SWITCHED.at(), List.of("a.b")));

            List<Journal.Entry> entries = journal.entries();
            assertThat(entries).extracting(Journal.Entry::event).isEqualTo(events);
            assertThat(entries)
                    .extracting(Journal.Entry::seq)
                    .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
            assertThat(entries.stream().map(Journal.Entry::at)).isSorted();
        }
    }

    @Test
    void aRunThatBeginsAnewForgetsWhatWasProven() {
        try (Lease lease = Lease.take(db, RUN)) {
            for (RunEvent event :
                    List.of(
                            new RunEvent.Started(),
                            new RunEvent.SchemaExpanded(),
                            new RunEvent.Copied(10),
                            new RunEvent.CaughtUp(0),
                            CLEAN)) {
                journal.append(lease.epoch(), event);
            }
            assertThat(journal.history().lastVerification()).contains(CLEAN);
            journal.append(lease.epoch(), new RunEvent.AbortStarted(false));
            journal.append(lease.epoch(), new RunEvent.CleanedUp());
            History anew = journal.append(lease.epoch(), new RunEvent.Started());
            assertThat(anew.state()).isEqualTo(new RunState.Expanding());
            assertThat(anew.lastVerification()).isEmpty();
        }
    }

    @Test
    void everyEventComesBackFromTheDatabaseAsItWas() {
        assertThat(ALL.stream().map(Object::getClass).distinct())
                .hasSize(RunEvent.class.getPermittedSubclasses().length);
        store(ALL);
        assertThat(journal.entries()).extracting(Journal.Entry::event).isEqualTo(ALL);
    }

    @Test
    void fieldsOfALaterVersionAreNotMinded() {
        storeJson("Copied", "{\"rows\": 5, \"bytes\": 1000}");
        assertThat(journal.entries())
                .extracting(Journal.Entry::event)
                .containsExactly(new RunEvent.Copied(5));
    }

    @Test
    void anEventOfALaterVersionIsRefusedByName() {
        storeJson("Teleported", "{}");
        assertFault(journal::history, Fault.PRECONDITION, "Teleported");
    }

    @Test
    void whatTheStateDoesNotAllowIsNotStored() {
        try (Lease lease = Lease.take(db, RUN)) {
            assertFault(
                    () -> journal.append(lease.epoch(), new RunEvent.SwitchIntended()),
                    Fault.WRONG_STATE,
                    "planned");
            assertThat(journal.entries()).isEmpty();
        }
    }

    @Test
    void anOwnerThatWasTakenForDeadStoresNothing() {
        try (Lease dead = Lease.take(db, RUN)) {
            journal.append(dead.epoch(), new RunEvent.Started());
            Pair.run(db, "UPDATE lockstep.lease SET renewed_at = now() - interval '1 minute'");
            try (Lease heir = Lease.take(db, RUN)) {
                assertFault(
                        () -> journal.append(dead.epoch(), new RunEvent.SchemaExpanded()),
                        Fault.LEASE_LOST,
                        "\"shop\"");
                assertThat(journal.entries()).hasSize(1);
                journal.append(heir.epoch(), new RunEvent.SchemaExpanded());
                assertThat(journal.history().state()).isEqualTo(new RunState.Copying());
            }
        }
    }

    @Test
    void anOwnerThatGaveTheRunBackStoresNothing() {
        Lease lease = Lease.take(db, RUN);
        lease.close();
        assertFault(
                () -> journal.append(lease.epoch(), new RunEvent.Started()),
                Fault.LEASE_LOST,
                "\"shop\"");
        assertThat(journal.entries()).isEmpty();
    }

    @Test
    void runsDoNotReadEachOther() {
        try (Lease _ = Lease.take(db, RUN);
                Lease other = Lease.take(db, "other")) {
            new Journal(db, "other").append(other.epoch(), new RunEvent.Started());
            assertThat(journal.history()).isEqualTo(History.NEW);
        }
    }

    @Test
    void whereLockstepNeverWasARunIsPlanned() {
        try (Db empty = PostgresServer.shared().database()) {
            Journal none = new Journal(empty, RUN);
            assertThat(none.entries()).isEmpty();
            assertThat(none.history()).isEqualTo(History.NEW);
            assertThat(none.history().state().label()).isEqualTo("planned");
        }
    }

    private void store(List<RunEvent> events) {
        events.forEach(event -> storeJson(event.getClass().getSimpleName(), Json.write(event)));
    }

    private void storeJson(String event, String body) {
        db.tx(session ->
                session.update(
                        """
                        INSERT INTO lockstep.journal (run, seq, epoch, event, body)
                        SELECT ?, count(*) + 1, 1, ?, ?::jsonb FROM lockstep.journal\
                        """,
                        RUN,
                        event,
                        body));
    }

    private static void assertFault(ThrowingCallable call, Fault fault, String... words) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        LockstepException.class, e -> assertThat(e.fault()).isEqualTo(fault))
                .satisfies(
                        e -> Stream.of(words).forEach(w -> assertThat(e).hasMessageContaining(w)));
    }
}
