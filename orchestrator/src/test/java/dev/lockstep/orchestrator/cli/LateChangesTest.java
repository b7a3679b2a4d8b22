package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.orchestrator.kill.HookedRun;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What was changed since the last verification is compared before a switch, and what was changed
/// after that while writes are held.
class LateChangesTest {
    private static final String SHOP =
            """
            CREATE TABLE item (id int PRIMARY KEY, n int, note text, large text);
            ALTER TABLE item ALTER large SET STORAGE EXTERNAL;
            CREATE TABLE tick (n int);
            ALTER TABLE tick REPLICA IDENTITY FULL;
            """;
    private static final String FILL =
            """
            INSERT INTO item SELECT i, 0, 'n', repeat('x', 4000) FROM generate_series(1, 500) i;
            INSERT INTO tick SELECT i % 7 FROM generate_series(1, 100) i;
            """;
    private static final String NOTE_OF_5 =
            "public.item (id=5) differs in note: 'n', on the standby 'spoilt'";

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void fill() {
        pair.onBoth(SHOP);
        Pair.run(source, FILL);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    /// As an applier writes, so that nobody notices.
    static void spoil(Db db, String statement) {
        Pair.run(
                db,
                "SET session_replication_role = replica; SET lockstep.own_writer = 'yes'; "
                        + statement);
    }

    private static String spoilt(int id) {
        return "UPDATE item SET note = 'spoilt' WHERE id = " + id;
    }

    private static List<String> events(Move move, String event) {
        return move.told("journal").done().lines().filter(line -> line.contains(event)).toList();
    }

    private void change(int id, int n) {
        Pair.run(source, "UPDATE item SET n = %d WHERE id = %d".formatted(n, id));
        Sides.shows(target, "SELECT n FROM item WHERE id = " + id, "(%d)".formatted(n));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "verify: { method: count }"})
    void whatWasChangedSinceTheVerificationIsComparedBeforeTheFence(String more) {
        Move move = Move.of(folder, pair, "schema: { copy: none }\n" + more);
        try (LiveRun run = LiveRun.inStep(move)) {
            spoil(target, "UPDATE item SET large = 'y' WHERE id = 7");
            change(5, 1);
            change(7, 1);
            spoil(target, spoilt(5));
            move.told("cutover")
                    .refused(3, "DIFFERENT", "2 differences", NOTE_OF_5, "(id=7) differs in large");
            assertThat(events(move, "SwitchStarted")).isEmpty();
            assertThat(events(move, "Verified").getLast())
                    .contains("\"match\":false", "\"rows\":2,", "\"differences\":2");
            Sides.refuses(target, "DELETE FROM item", source);
            change(8, 1);
            if (more.isEmpty()) {
                move.told("cutover").refused(3, "DIFFERENT", NOTE_OF_5);
                move.told("validate", "--repair").done();
                move.told("cutover").done();
            } else {
                move.told("cutover", "--accept-differences").done();
            }
            assertThat(run).isNotNull();
        }
    }

    @Test
    void whatIsChangedInTheLastMomentIsComparedUnderTheFence() {
        Move move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
        LastMoment last = spoiling(Set.of());
        assertThatThrownBy(() -> last.switches(move))
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.DIFFERENT))
                .hasMessageContainingAll(
                        "the switch was undone after writes were held for ",
                        "rows that were changed",
                        NOTE_OF_5);
        assertThat(events(move, "SwitchUndone")).hasSize(1);
        assertThat(Status.of(move).active()).isEqualTo("source");
        assertThat(Status.of(move).json().path("lastVerification").path("verdict").asText())
                .isEqualTo("mismatch");
        Pair.run(source, "UPDATE item SET n = 9 WHERE id = 6");
        move.told("cutover").refused(3, "DIFFERENT", NOTE_OF_5);
        move.told("validate", "--repair").done();
        move.told("cutover").done();
        assertThat(Pair.rows(target, "SELECT n, note FROM item WHERE id = 5"))
                .containsExactly("(8,n)");
    }

    @Test
    void whatDiffersInTheLastMomentMovesOnlyWhereSomebodyWantsThat() {
        Move move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
        spoiling(Set.of(Asked.Option.ACCEPT_DIFFERENCES)).switches(move);
        assertThat(events(move, "DifferencesAccepted").getLast()).contains("id=5");
        assertThat(events(move, "Switched")).hasSize(1);
        move.told("rollback").refused(3, "DIFFERENT", "public.item (id=5) differs in note");
    }

    /// Row 5 is changed, and then altered on the standby by something else.
    private LastMoment spoiling(Set<Asked.Option> options) {
        return new LastMoment(
                options,
                "UPDATE item SET n = 8 WHERE id = 5",
                () -> {
                    Sides.shows(target, "SELECT n FROM item WHERE id = 5", "(8)");
                    spoil(target, spoilt(5));
                });
    }

    /// A change after the last look before the fence, and what happens once writes are held.
    private final class LastMoment implements HookedRun.Hook {
        private final Set<Asked.Option> options;
        private final String change;
        private final Runnable fenced;

        LastMoment(Set<Asked.Option> options, String change, Runnable fenced) {
            this.options = options;
            this.change = change;
            this.fenced = fenced;
        }

        void switches(Move move) {
            new HookedRun(move.plan(), 1, "validate", this)
                    .work((endpoint, name) -> Db.of(endpoint, name));
        }

        @Override
        public Asked asked(String command) {
            return new Asked(command, "", options, "");
        }

        @Override
        public void reached(String point) {
            if (point.equals("switching")) {
                Pair.run(source, change);
            } else if (point.equals("drain/0")) {
                fenced.run();
            }
        }

        @Override
        public boolean mayEnd() {
            return true;
        }

        @Override
        public void say(String text) {}
    }

    @Test
    void whatWasChangedIsKnownAfterARestart() {
        Move move = Move.of(folder, pair);
        try (LiveRun run = LiveRun.inStep(move)) {
            move.told("validate").done();
            change(5, 1);
            change(6, 1);
            assertThat(run.stop().exit()).isEqualTo(130);
        }
        spoil(target, spoilt(5));
        move.told("cutover").refused(3, "DIFFERENT", NOTE_OF_5);
        assertThat(events(move, "Verified").getLast())
                .contains("\"match\":false", "\"rows\":2,", "\"differences\":1");
        spoil(target, "UPDATE item SET note = 'n' WHERE id = 5");
        move.told("cutover").done();
        Pair.run(target, "UPDATE item SET n = 3 WHERE id IN (8, 9, 10)");
        try (LiveRun run = LiveRun.inStep(move)) {
            Sides.shows(source, "SELECT n FROM item WHERE id = 9", "(3)");
            assertThat(run.stop().exit()).isEqualTo(130);
        }
        spoil(source, spoilt(9));
        move.told("rollback").refused(3, "DIFFERENT", "public.item (id=9) differs in note");
        assertThat(events(move, "Verified").getLast())
                .contains("\"match\":false", "\"rows\":3,", "\"differences\":1");
    }

    /// A row that nobody changed tells that all of them were compared.
    @Test
    void aTableOfWhichMoreWasChangedThanIsRememberedIsComparedAsAWhole() {
        Move move = Move.of(folder, pair);
        try (LiveRun run = LiveRun.inStep(move)) {
            Pair.run(source, "INSERT INTO item SELECT generate_series(1001, 210000)");
            Pair.run(source, "INSERT INTO item VALUES (300000)");
            Sides.shows(target, "SELECT id FROM item WHERE id = 300000", "(300000)");
            spoil(target, spoilt(5));
            move.told("cutover").refused(3, "DIFFERENT", "1 difference between", NOTE_OF_5);
            assertThat(run).isNotNull();
        }
    }

    @Test
    void aTableWithoutAKeyAndOneThatWasEmptiedAreComparedAsAWhole() {
        Move move = Move.of(folder, pair);
        try (LiveRun run = LiveRun.inStep(move)) {
            Pair.run(source, "INSERT INTO tick VALUES (77)");
            Sides.shows(target, "SELECT n FROM tick WHERE n = 77", "(77)");
            spoil(target, "UPDATE tick SET n = 78 WHERE n = 77");
            move.told("cutover").refused(3, "DIFFERENT", "2 differences", "(n='77')", "(n='78')");
            spoil(target, "UPDATE tick SET n = 77 WHERE n = 78");
            move.told("validate").done();
            Pair.run(source, "TRUNCATE item; INSERT INTO item VALUES (1)");
            Sides.shows(target, "SELECT id FROM item", "(1)");
            spoil(target, "INSERT INTO item VALUES (2)");
            move.told("cutover").refused(3, "DIFFERENT", "1 difference between", "id=2");
            spoil(target, "DELETE FROM item WHERE id = 2");
            move.told("cutover").done();
            assertThat(run).isNotNull();
        }
    }
}
