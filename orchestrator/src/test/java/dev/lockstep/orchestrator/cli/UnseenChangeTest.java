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
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
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
            CREATE TABLE tick (n int);
            ALTER TABLE tick REPLICA IDENTITY FULL;
            CREATE TABLE part (n int PRIMARY KEY) PARTITION BY RANGE (n);
            CREATE TABLE part_1 PARTITION OF part DEFAULT;
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
        Late late = new Late("ALTER TABLE item ALTER price TYPE numeric(10, 2) USING price + 1");
        assertThatThrownBy(() -> late.switches(move, 1, db))
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.DIFFERENT))
                .hasMessageContainingAll(
                        "the switch was undone",
                        "other files",
                        "public.item (id=1) differs in price");
        Pair.run(source, "INSERT INTO item VALUES (4, 4, 'n', 'low')");
        move.told("abort").done();
    }

    @Test
    void aWritePastTheRefusalThatComesJustBeforeTheFenceUndoesTheSwitch() {
        Late late = new Late("SET session_replication_role = replica; UPDATE item SET note = note");
        late.switches(move, 1, target);
        assertThat(late.undone("UPDATE on table \"public.item\" of the target")).isTrue();
        assertThat(Pair.rows(source, ITEMS)).isEqualTo(Pair.rows(target, ITEMS));
    }

    @Test
    void aColumnThatIsAddedJustBeforeTheFenceUndoesTheSwitch() {
        Late late = new Late("ALTER TABLE item ADD more text DEFAULT 'm'");
        assertThatThrownBy(() -> late.switches(move, 1, source))
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("had the columns");
        assertThat(late.undone("\"public.item\" of the active was altered")).isTrue();
        Pair.run(source, "INSERT INTO item VALUES (4, 4, 'n', 'low', 'm')");
        move.told("abort").done();
    }

    @Test
    void aTriggerOrALabelThatComesJustBeforeTheFenceUndoesTheSwitch() {
        Late late =
                new Late(
                        """
                        CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql
                            AS 'BEGIN RETURN new; END';
                        CREATE TRIGGER spoil BEFORE INSERT ON item
                            FOR EACH ROW EXECUTE FUNCTION spoil();
                        ALTER TABLE item ENABLE ALWAYS TRIGGER spoil;
                        """,
                        "ALTER TYPE mood ADD VALUE 'high'");
        late.switches(move, 1, target);
        assertThat(late.undone("triggers or rules of the standby")).isTrue();
        assertThat(late.undone("\"public.item\" of the standby was altered")).isTrue();
    }

    /// Applications do that all the time, and the stream carries it.
    @Test
    void tablesThatAreTruncatedJustBeforeTheFenceKeepNoSwitch() {
        Late late =
                new Late(
                        "TRUNCATE item, tick, part; INSERT INTO item VALUES (7, 7.50, 'a', 'low');"
                                + " INSERT INTO tick VALUES (1), (1); INSERT INTO part VALUES (5)",
                        "TRUNCATE item, tick; INSERT INTO item VALUES (8, 8.50, 'b', 'low')");
        late.switches(move, 3, source, target);
        assertThat(late.said).noneMatch(said -> said.contains("undone"));
        for (Db db : List.of(source, target)) {
            assertThat(Pair.rows(db, ITEMS)).containsExactly("(8,8.50,b,low)");
            assertThat(Pair.rows(db, "SELECT * FROM tick")).isEmpty();
            assertThat(Pair.rows(db, "SELECT * FROM part")).containsExactly("(5)");
        }
    }

    /// A run that switches, with statements that come when a switch has just begun, one after the
    /// other.
    private static final class Late implements HookedRun.Hook {
        private final Iterator<String> statements;
        private final List<String> said = new CopyOnWriteArrayList<>();
        private Iterator<Db> where = Collections.emptyIterator();
        private @Nullable Db db;

        Late(String... statements) {
            this.statements = List.of(statements).iterator();
        }

        /// Goes through it, with each statement in the next of these databases, or the last.
        void switches(Move move, int switches, Db... databases) {
            where = Arrays.asList(databases).iterator();
            new HookedRun(move.plan(), switches, "complete", this)
                    .work((endpoint, name) -> Db.of(endpoint, name));
        }

        boolean undone(String reason) {
            return said.stream().anyMatch(text -> text.contains("undone") && text.contains(reason));
        }

        @Override
        public void reached(String point) {
            if (point.equals("switching") && statements.hasNext()) {
                db = where.hasNext() ? where.next() : db;
                Pair.run(Objects.requireNonNull(db), statements.next());
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
