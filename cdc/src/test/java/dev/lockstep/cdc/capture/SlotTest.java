package dev.lockstep.cdc.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class SlotTest {
    private static final int WRITERS = 8;
    private static final int ROUNDS = 100;

    private final Db db = PostgresServer.shared().database();

    @AfterEach
    void close() {
        db.close();
    }

    /// PostgreSQL's "cache lookup failed for publication" must not reach an application.
    @Test
    void updatesGoOnWhilePublicationsComeAndGo() throws Exception {
        Pair.run(
                db,
                """
                CREATE TABLE item (id int PRIMARY KEY, stock int NOT NULL);
                INSERT INTO item SELECT n, 0 FROM generate_series(1, 8) AS n;
                CREATE TABLE event (id int PRIMARY KEY, what text) PARTITION BY RANGE (id);
                CREATE TABLE event_low PARTITION OF event FOR VALUES FROM (0) TO (100)\
                """);
        AtomicBoolean enough = new AtomicBoolean();
        try (var writers = Executors.newFixedThreadPool(WRITERS)) {
            List<Future<Long>> writes = new ArrayList<>();
            for (int id = 1; id <= WRITERS; id++) {
                int own = id;
                writes.add(writers.submit(() -> write(own, enough)));
            }
            Slot slot = new Slot("come-and-go", 0);
            String publish =
                    "CREATE PUBLICATION %s FOR TABLE ONLY item, event".formatted(slot.name());
            try {
                for (int round = 0; round < ROUNDS; round++) {
                    Pair.run(db, publish);
                    slot.drop(db);
                }
            } finally {
                enough.set(true);
            }
            for (Future<Long> write : writes) {
                assertThat(write.get()).isPositive();
            }
        }
        assertThat(Pair.rows(db, "SELECT pubname FROM pg_publication")).isEmpty();
    }

    private long write(int id, AtomicBoolean enough) {
        long written = 0;
        while (!enough.get()) {
            // A new session has nothing cached, and takes longest to look.
            try (Session session = db.session("write")) {
                for (int i = 0; i < 5; i++) {
                    session.update("UPDATE public.item SET stock = stock + 1 WHERE id = ?", id);
                    written++;
                }
            }
        }
        return written;
    }

    @Test
    void whatIsDroppedTwiceIsGone() {
        Pair.run(db, "CREATE TABLE item (id int PRIMARY KEY)");
        Slot slot = new Slot("twice", 0);
        slot.create(db, tables());
        slot.drop(db);
        slot.drop(db);
        assertThat(db.call(slot::state)).isEmpty();
    }

    /// The one that reads the schema anew tells what to do; a table that came late has no remedy
    /// there.
    @Test
    void aTableThatGoesAsItIsPublishedIsToldFromOneThatCameLate() {
        Pair.run(db, "CREATE TABLE item (id int PRIMARY KEY)");
        Slot slot = new Slot("gone", 0);
        List<Table> before = tables();
        slot.create(db, before);
        Pair.run(db, "ALTER TABLE item RENAME TO thing; CREATE TABLE late (id int PRIMARY KEY)");
        assertFault(() -> slot.publish(db, before), Fault.SCHEMA_CHANGED, "\"public.item\"");
        assertFault(() -> slot.publish(db, tables()), Fault.CHANGE_REFUSED, "\"public.late\"");
        slot.drop(db);
    }

    /// What was changed between such a statement and the one that undoes it never comes.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "ALTER PUBLICATION # DROP TABLE ONLY item; ALTER PUBLICATION # ADD TABLE ONLY item",
                "ALTER PUBLICATION # DROP TABLE ONLY item",
                "ALTER PUBLICATION # SET TABLE ONLY item, ONLY other",
                "ALTER PUBLICATION # SET TABLE ONLY item WHERE (id > 1), ONLY other, ONLY third",
                "ALTER PUBLICATION # SET (publish = 'insert')",
                "ALTER PUBLICATION # SET (publish = 'insert');"
                        + " ALTER PUBLICATION # SET (publish = 'insert, update, delete, truncate')",
                "ALTER PUBLICATION # RENAME TO x; ALTER PUBLICATION x RENAME TO #",
                "COMMENT ON PUBLICATION # IS 'mine'",
                "DROP PUBLICATION #",
                "DROP PUBLICATION #; CREATE PUBLICATION # FOR TABLE item, other, third"
            })
    void whoeverAltersThePublicationIsNoticed(String statements) {
        Pair.run(
                db,
                """
                CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY);
                CREATE TABLE third (id int PRIMARY KEY);
                """);
        Slot slot = new Slot("altered", 0);
        List<Table> tables = tables();
        slot.create(db, tables);
        slot.publish(db, tables);
        Pair.run(db, statements.replace("#", slot.name()));
        assertThat(db.call(slot::unpublished))
                .map(LockstepException::fault)
                .contains(Fault.POSITION_LOST);
        assertFault(() -> slot.publish(db, tables), Fault.POSITION_LOST, slot.name());
        assertFault(() -> slot.create(db, tables), Fault.POSITION_LOST, slot.name());
        slot.drop(db);
    }

    @Test
    void whatApplicationsDoToTheirTablesIsNoAlteration() {
        Pair.run(
                db,
                """
                CREATE TABLE item (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY);
                CREATE TABLE third (id int PRIMARY KEY);
                CREATE TABLE visit (id int PRIMARY KEY) PARTITION BY RANGE (id);
                CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (0) TO (10);
                CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM (10) TO (20);
                """);
        Slot slot = new Slot("ordinary", 0);
        slot.create(db, tables());
        for (String statement :
                List.of(
                        "ALTER TABLE item RENAME TO thing",
                        "CREATE SCHEMA s; ALTER TABLE other SET SCHEMA s",
                        "ALTER TABLE thing ADD n int DEFAULT 7; ALTER TABLE thing DROP n",
                        "VACUUM FULL thing",
                        "VACUUM FULL pg_publication",
                        "VACUUM FULL pg_publication_rel",
                        "ALTER TABLE thing REPLICA IDENTITY FULL",
                        "ALTER TABLE visit DETACH PARTITION visit_2",
                        "ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES FROM (10) TO (20)",
                        "DROP TABLE visit_2",
                        "DROP TABLE third",
                        "CREATE TABLE visit_3 PARTITION OF visit FOR VALUES FROM (20) TO (30)")) {
            Pair.run(db, statement);
            assertThat(db.call(slot::unpublished)).as(statement).isEmpty();
            slot.publish(db, tables());
            assertThat(db.call(slot::unpublished)).as(statement).isEmpty();
        }
        slot.drop(db);
    }

    private static void assertFault(ThrowingCallable call, Fault fault, String text) {
        assertThatThrownBy(call)
                .hasMessageContaining(text)
                .asInstanceOf(type(LockstepException.class))
                .extracting(LockstepException::fault)
                .isEqualTo(fault);
    }

    private List<Table> tables() {
        try (Session session = db.session("catalog")) {
            return Catalog.read(session, Scope.ALL).rowTables();
        }
    }
}
