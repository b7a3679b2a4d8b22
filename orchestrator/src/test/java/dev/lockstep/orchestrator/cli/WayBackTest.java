package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whether changes can flow back is found out before writes move: when the run begins, and again
/// before each switch.
class WayBackTest {
    private static final String TABLES =
            """
            CREATE SCHEMA shop;
            CREATE TABLE shop.item (id int PRIMARY KEY, name text);
            CREATE TABLE shop.child (
                id int PRIMARY KEY, item int NOT NULL REFERENCES shop.item ON DELETE CASCADE);
            """;

    private static final String TRIGGER =
            """
            CREATE FUNCTION shop.twice() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN RETURN new; END';
            CREATE TRIGGER twice BEFORE INSERT ON shop.item
                FOR EACH ROW EXECUTE FUNCTION shop.twice();
            ALTER TABLE shop.item ENABLE ALWAYS TRIGGER twice;
            """;

    private static final String TABLES_ONLY = "schema: { copy: none }";

    private final PlainUsers users = PlainUsers.on(Pair.create());
    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        users.close();
    }

    @Test
    void rightsThatAreMissingOnTheSourceAreAskedForBeforeTheRun() {
        users.asOwner(users.source(), TABLES);
        users.asOwner(users.target(), TABLES);
        users.asOwner(
                users.source(),
                "REVOKE INSERT, TRUNCATE ON shop.item FROM CURRENT_USER;"
                        + " REVOKE USAGE ON SCHEMA shop FROM CURRENT_USER");
        Refusals.ofRun(users.move(folder, TABLES_ONLY), users.source(), users.target())
                .refused(
                        4,
                        "PRECONDITION",
                        "lacks INSERT, TRUNCATE on shop.item in \"%s\""
                                .formatted(users.source().label()),
                        "GRANT INSERT, TRUNCATE ON shop.item TO \"%s\"".formatted(users.mover()),
                        "GRANT USAGE ON SCHEMA shop TO \"%s\"".formatted(users.mover()));
    }

    @Test
    void whatWasTakenAwayUnderTheRunKeepsWritesWhereTheyAre() {
        users.asOwner(users.source(), TABLES);
        users.asOwner(users.target(), TABLES);
        users.asOwner(users.source(), "INSERT INTO shop.item VALUES (1, 'a')");
        Move move = users.move(folder, TABLES_ONLY);
        try (LiveRun run = LiveRun.inStep(move)) {
            String mover = users.mover();
            users.asOwner(users.source(), "REVOKE DELETE ON shop.child FROM CURRENT_USER");
            users.asOwner(users.source(), TRIGGER);
            users.asOwner(users.target(), "ALTER TABLE shop.child REPLICA IDENTITY NOTHING");
            users.asSuperuser("REVOKE SET ON PARAMETER session_replication_role FROM %2$s");
            users.asSuperuser("ALTER ROLE %2$s NOREPLICATION");
            move.told("cutover")
                    .refused(
                            4,
                            "PRECONDITION",
                            "there would be no way back",
                            "\"twice\" of table \"shop.item\"",
                            "GRANT DELETE ON shop.child TO \"%s\"".formatted(mover),
                            "\"shop.child\" has no usable replica identity in \"%s\" any more"
                                    .formatted(users.target().label()),
                            "GRANT SET ON PARAMETER session_replication_role TO \"%s\""
                                    .formatted(mover),
                            "ALTER ROLE \"%s\" REPLICATION".formatted(mover));
            users.asOwner(users.source(), "GRANT DELETE ON shop.child TO CURRENT_USER");
            users.asOwner(users.source(), "ALTER TABLE shop.item ENABLE TRIGGER twice");
            users.asOwner(users.target(), "ALTER TABLE shop.child REPLICA IDENTITY DEFAULT");
            users.asSuperuser("GRANT SET ON PARAMETER session_replication_role TO %2$s");
            users.asSuperuser("ALTER ROLE %2$s REPLICATION");
            move.told("cutover").done();
            thereAndBack(move);
            move.told("complete").done();
            run.ended().done();
        }
        assertThat(Pair.rows(users.target(), "SELECT id FROM shop.child ORDER BY 1"))
                .containsExactly("(2)", "(3)");
    }

    /// A foreign key of the old side cascades nothing twice, and refuses nothing that comes in
    /// another order.
    private void thereAndBack(Move move) {
        users.asOwner(
                users.target(),
                "INSERT INTO shop.item VALUES (2, 'b');"
                        + " INSERT INTO shop.child VALUES (1, 1), (2, 2);"
                        + " DELETE FROM shop.item WHERE id = 1");
        move.told("rollback").done();
        users.asOwner(users.source(), "INSERT INTO shop.child VALUES (3, 2)");
        move.told("cutover").done();
        move.told("validate").done();
    }
}
