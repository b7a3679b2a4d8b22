package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Moves whose plan changes the target's schema on the way, and compares by counting.
class FolderRunTest {
    private static final String ITEM = "CREATE TABLE public.item (id int PRIMARY KEY, name text);";
    private static final String MORE =
            """
            schema: { copy: none, expand: expand, contract: contract }
            verify: { method: count }
            """;
    private static final String COLUMNS =
            """
            SELECT attname, attnotnull FROM pg_attribute
             WHERE attrelid = 'item'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum\
            """;

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void fill() throws IOException {
        Pair.run(source, ITEM + "INSERT INTO item SELECT n, 'name' FROM generate_series(1, 9) n");
        Files.createDirectories(folder.resolve("contract"));
        Files.createDirectories(folder.resolve("expand"));
        write("expand/V1__item.sql", ITEM);
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private void write(String file, String sql) throws IOException {
        Files.writeString(folder.resolve(file), sql);
    }

    @Test
    void theTargetIsExpandedBeforeTheCopyAndContractedAtTheEnd() throws IOException {
        write("expand/V2__note.sql", "ALTER TABLE public.item ADD note text DEFAULT 'new';");
        write("contract/V1__note.sql", "ALTER TABLE public.item ALTER note SET NOT NULL, x;");
        Move move = Move.alone(folder, pair, MORE);
        move.told("run", "--until", "in-step").done();
        assertThat(Pair.rows(target, "SELECT count(note) FROM item")).containsExactly("(9)");
        countsRowsOnly(move);
        move.told("cutover").done();
        Pair.run(target, "INSERT INTO item VALUES (10, 'name', 'mine')");
        goesOnWhereTheContractFailed(move);
        assertThat(Pair.rows(target, COLUMNS)).containsExactly("(id,t)", "(name,f)", "(note,t)");
        Sides.areLeftClean(pair);
    }

    private void countsRowsOnly(Move move) {
        Pair.run(
                target,
                "SET session_replication_role = replica; UPDATE item SET name = 'x' WHERE id = 1");
        assertThat(move.told("validate").done()).contains("9 rows of 1 table compared");
        Pair.run(target, "SET session_replication_role = replica; DELETE FROM item WHERE id = 1");
        move.told("validate").refused(3, "DIFFERENT", "public.item");
        Pair.run(
                target,
                "SET session_replication_role = replica; INSERT INTO item VALUES (1, 'name')");
    }

    private void goesOnWhereTheContractFailed(Move move) throws IOException {
        move.told("complete")
                .refused(1, "STATEMENT_FAILED", "contract", "V1__note.sql", target.label());
        Status failed = Status.of(move);
        assertThat(failed.state()).isEqualTo("failed");
        assertThat(failed.json().path("failure").path("fault").asText())
                .isEqualTo("STATEMENT_FAILED");
        move.told("rollback").refused(4, "WRONG_STATE", "contracting");
        move.told("abort").refused(4, "WRONG_STATE", "complete");
        write("contract/V1__note.sql", "ALTER TABLE public.item ALTER note SET NOT NULL;");
        assertThat(move.told("complete").done()).contains("completed");
        assertThat(Status.of(move).state()).isEqualTo("completed");
    }

    @Test
    void anExpansionThatFailsIsNamedAndGoesOnWhenItIsMended() throws IOException {
        write("expand/V2__note.sql", "ALTER TABLE public.item ADD note text,;");
        Move move = Move.alone(folder, pair, MORE);
        move.told("run", "--until", "in-step")
                .refused(1, "STATEMENT_FAILED", "expand", "V2__note.sql", target.label());
        assertThat(Status.of(move).state()).isEqualTo("failed");
        assertThat(Status.of(move).text()).contains("STATEMENT_FAILED", "V2__note.sql");
        write("expand/V2__note.sql", "ALTER TABLE public.item ADD tax int NOT NULL;");
        move.told("run", "--until", "in-step").refused(4, "PRECONDITION", "\"tax\"", "NOT NULL");
        write("expand/V3__tax.sql", "ALTER TABLE public.item ALTER tax DROP NOT NULL;");
        move.told("run", "--until", "in-step").done();
        move.told("abort").done();
        Sides.areLeftClean(pair);
        assertThat(Pair.rows(target, "SELECT count(*) FROM item")).containsExactly("(0)");
    }
}
