package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.orchestrator.stage.Drift;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.plan.PlanFile;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What keeps writes where they are in the seconds before the run itself has seen it.
class DriftTest {
    private static final String ITEM =
            """
            CREATE TABLE item (id int PRIMARY KEY, name varchar(10));
            CREATE TABLE part (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (2);
            """;

    private final Pair pair = Pair.create();
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    private Moved read() {
        Plan plan = PlanFile.read(Move.of(folder, pair).plan(), Map.of());
        return Moved.read(plan, pair.source(), pair.target());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CREATE TABLE late (id int)      | table \"public.late\" is new on the source",
                "DROP TABLE item                 | table \"public.item\" is gone from the source",
                "CREATE SEQUENCE late            | sequence \"public.late\" is new on the source",
                "ALTER TABLE item ADD note text  | table \"public.item\" of the source had",
                "ALTER TABLE item RENAME name TO who | has [id integer, who character varying(10)]",
                "ALTER TABLE item ALTER name TYPE varchar(20) | character varying(20)"
            })
    void aStatementOnTheSourceIsSeen(String statement, String text) {
        pair.onBoth(ITEM);
        Moved before = read();
        Pair.run(pair.source(), statement);
        assertThatThrownBy(() -> Drift.requireNone(before, read())).hasMessageContaining(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "DROP TABLE item            | table \"public.item\" is gone from the target",
                "ALTER TABLE item DROP name | table \"public.item\" of the target had",
                "CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (2) TO (3)"
                        + " | partition \"public.part_2\" of the target has no counterpart"
            })
    void aStatementOnTheTargetIsSeen(String statement, String text) {
        pair.onBoth(ITEM);
        Moved before = read();
        Pair.run(pair.target(), statement);
        assertThatThrownBy(() -> Drift.requireNone(before, read())).hasMessageContaining(text);
    }

    @Test
    void aColumnThatWasMadeAnewIsAnotherForm() {
        pair.onBoth(ITEM);
        Moved before = read();
        Drift.requireNone(before, read());
        assertThat(read().form()).isEqualTo(before.form());
        Pair.run(pair.source(), "ALTER TABLE item DROP name, ADD name varchar(10)");
        Drift.requireNone(before, read());
        assertThat(read().form()).isNotEqualTo(before.form());
    }
}
