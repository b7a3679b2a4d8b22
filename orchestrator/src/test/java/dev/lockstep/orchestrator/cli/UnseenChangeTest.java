package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.orchestrator.kill.HookedRun;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What makes the sides differ and is no change of the stream is seen before a switch, however
/// young the last verification is.
class UnseenChangeTest {
    private static final String SHOP =
            """
            CREATE TYPE mood AS ENUM ('low');
            CREATE TABLE item (id int PRIMARY KEY, price numeric(10, 2), note text, mood mood);
            """;
    private static final String ITEMS = "SELECT * FROM item ORDER BY id";

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    private Move move = new Move("", Path.of(""));
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void start() {
        pair.onBoth(SHOP);
        Pair.run(source, "INSERT INTO item SELECT i, i, 'n', 'low' FROM generate_series(1, 3) i");
        move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
    }

    @AfterEach
    void close() {
        pair.close();
    }

    @Test
    void aTriggerOfTheTargetThatChangesWhatTheStreamBrings() {
        try (LiveRun run = LiveRun.inStep(move)) {
            move.told("validate").done();
            Pair.run(
                    target,
                    """
                    CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql
                        AS 'BEGIN new.note := ''spoilt''; RETURN new; END';
                    CREATE TRIGGER spoil BEFORE INSERT ON item
                        FOR EACH ROW EXECUTE FUNCTION spoil();
                    ALTER TABLE item ENABLE ALWAYS TRIGGER spoil;
                    """);
            Pair.run(source, "INSERT INTO item VALUES (5, 5, 'good', 'low')");
            move.told("cutover").refused(3, "DIFFERENT", "public.item", "id=5", "note");
            move.told("abort").done();
            run.ended();
        }
    }

    /// The stream has no change that tells of them.
    @Test
    void valuesThatAStatementGivesAreSeenBeforeASwitch() {
        try (LiveRun run = LiveRun.inStep(move)) {
            for (String statement :
                    List.of(
                            "ALTER TABLE item ALTER price TYPE numeric(10, 2) USING price + 1",
                            "ALTER TABLE item DROP mood, ADD mood mood")) {
                Pair.run(source, statement);
                move.told("cutover").refused(3, "DIFFERENT", "public.item");
                move.told("validate").refused(3, "DIFFERENT", "public.item");
                Pair.run(target, statement);
                Pair.run(source, "UPDATE item SET note = 'n'");
                LiveRun.await("a match", () -> move.told("validate").exit() == 0);
            }
            move.told("cutover").done();
            move.told("complete").done();
            run.ended().done();
        }
        assertThat(Pair.rows(source, ITEMS)).isEqualTo(Pair.rows(target, ITEMS));
    }

    /// Nobody looks at the tables between the last look before a switch and its fence.
    @ParameterizedTest
    @EnumSource
    void aRewriteThatComesJustBeforeTheFenceUndoesTheSwitch(Side side) {
        Db db = side == Side.SOURCE ? source : target;
        Late late =
                new Late(db, "ALTER TABLE item ALTER price TYPE numeric(10, 2) USING price + 1");
        assertThatThrownBy(() -> late.cutOverAndComplete(move))
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.DIFFERENT));
        assertThat(late.said)
                .anySatisfy(said ->
                        assertThat(said)
                                .contains(
                                        "the switch was undone",
                                        "rewritten with other values",
                                        "public.item (id=1) differs in price"));
        Pair.run(source, "INSERT INTO item VALUES (4, 4, 'n', 'low')");
        move.told("abort").done();
    }

    @Test
    void aColumnThatIsAddedJustBeforeTheFenceUndoesTheSwitch() {
        Late late = new Late(source, "ALTER TABLE item ADD more text DEFAULT 'm'");
        assertThatThrownBy(() -> late.cutOverAndComplete(move))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("more");
        assertThat(late.said)
                .anySatisfy(said -> assertThat(said).contains("tables or columns were altered"));
        Pair.run(source, "INSERT INTO item VALUES (4, 4, 'n', 'low', 'm')");
        move.told("abort").done();
    }

    @Test
    void aTriggerThatComesJustBeforeTheFenceUndoesTheSwitch() {
        Late late =
                new Late(
                        target,
                        """
                        CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql
                            AS 'BEGIN RETURN new; END';
                        CREATE TRIGGER spoil BEFORE INSERT ON item
                            FOR EACH ROW EXECUTE FUNCTION spoil();
                        ALTER TABLE item ENABLE ALWAYS TRIGGER spoil;
                        """);
        late.cutOverAndComplete(move);
        assertThat(late.said)
                .anySatisfy(said -> assertThat(said).contains("triggers or rules", "came or went"));
    }

    /// Applications do that all the time, and the stream carries it.
    @Test
    void aTableThatIsTruncatedJustBeforeTheFenceKeepsNoSwitch() {
        Late late =
                new Late(
                        source, "TRUNCATE item; INSERT INTO item VALUES (7, 7.50, 'after', 'low')");
        late.cutOverAndComplete(move);
        assertThat(late.said).noneMatch(said -> said.contains("undone"));
        assertThat(Pair.rows(target, ITEMS)).containsExactly("(7,7.50,after,low)");
    }

    /// A run that switches once, with statements that come when the switch has just begun.
    private static final class Late implements HookedRun.Hook {
        private final Db db;
        private final String statements;
        private final List<String> said = new CopyOnWriteArrayList<>();
        private boolean done;

        Late(Db db, String statements) {
            this.db = db;
            this.statements = statements;
        }

        void cutOverAndComplete(Move move) {
            new HookedRun(move.plan(), 1, "complete", this)
                    .work((endpoint, name) -> Db.of(endpoint, name));
        }

        @Override
        public void reached(String point) {
            if (point.equals("switching") && !done) {
                done = true;
                Pair.run(db, statements);
            }
        }

        @Override
        public boolean mayEnd() {
            return true;
        }

        @Override
        public void say(String text) {
            said.add(text);
        }
    }
}
