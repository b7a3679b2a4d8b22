package dev.lockstep.validators.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.validators.Progress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What cannot be looked at is told, and hides nothing of what can be.
class UncheckedTest {
    private static final String TWO_FEEDS =
            """
            CREATE SCHEMA closed;
            CREATE SEQUENCE closed.far; CREATE SEQUENCE public.near;
            CREATE TABLE a (id int PRIMARY KEY DEFAULT nextval('closed.far'));
            CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('public.near'));
            """;

    private static final String TWO_KEYS =
            """
            CREATE SCHEMA closed;
            CREATE TABLE closed.parent (id int PRIMARY KEY);
            CREATE TABLE public.parent (id int PRIMARY KEY);
            CREATE TABLE a (id int PRIMARY KEY, x int REFERENCES closed.parent);
            CREATE TABLE b (id int PRIMARY KEY, x int REFERENCES public.parent);
            SET session_replication_role = replica;
            INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1);
            """;

    private final Pair pair = Pair.create();
    private final SchemaScene scene = new SchemaScene(pair);

    @AfterEach
    void close() {
        pair.close();
    }

    /// As a user who may read all tables and sequences, and may not look into one schema.
    private List<Finding> foundByAnother() {
        String user = "reader_of_" + pair.source().endpoint().database();
        scene.onActive("CREATE ROLE %s LOGIN".formatted(user));
        pair.onBoth("GRANT SELECT ON ALL TABLES IN SCHEMA public, closed TO " + user);
        pair.onBoth("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, closed TO " + user);
        try (Db source = as(pair.source(), user);
                Db target = as(pair.target(), user)) {
            return new SchemaScene(Pair.of(source, target)).findings();
        }
    }

    private static Db as(Db db, String user) {
        return Db.of(new Endpoint(db.endpoint().url(), user, new Secret("")), "test");
    }

    /// The only finding of a check about a table.
    private static Finding only(List<Finding> findings, String check, String table) {
        List<Finding> found =
                findings.stream()
                        .filter(f -> f.check().equals(check))
                        .filter(f -> f.about().equals("table \"public.%s\"".formatted(table)))
                        .toList();
        assertThat(found).as("%s", findings).hasSize(1);
        return found.getFirst();
    }

    @Test
    void aSequenceInASchemaThatIsClosedHidesNoOther() {
        pair.onBoth(TWO_FEEDS);
        scene.onStandby("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)");
        scene.onStandby("ALTER SEQUENCE public.near RENAME TO nearer");
        scene.onStandby("ALTER SEQUENCE closed.far RENAME TO farther");

        List<Finding> found =
                foundByAnother().stream().filter(f -> f.text().contains("the standby")).toList();
        assertThat(only(found, "sequences", "b")).matches(Finding::forbidsSwitch);
        assertThat(only(found, "sequences", "a").text())
                .contains("closed.farther", "was not checked", "may not read it");
    }

    @Test
    void aForeignKeyToASchemaThatIsClosedHidesNoOther() {
        pair.onBoth(TWO_KEYS);

        List<Finding> found = foundByAnother();
        assertThat(only(found, "foreign keys", "b")).matches(Finding::forbidsSwitch);
        assertThat(only(found, "foreign keys", "a").text()).contains("was not checked", "may not");
    }

    @Test
    void aTableThatIsGoneOrRenamedSinceTheSnapshotHidesNoOtherKey() {
        pair.onBoth(TWO_KEYS);
        pair.onBoth("CREATE TABLE closed.kept (id int PRIMARY KEY)");
        pair.onBoth("CREATE TABLE d (id int PRIMARY KEY, x int REFERENCES closed.kept)");
        List<Finding> findings =
                scene.orphans(
                        Progress.NONE,
                        () ->
                                scene.onStandby(
                                        "DROP TABLE closed.parent CASCADE;"
                                                + " ALTER TABLE closed.kept RENAME TO other"));
        assertThat(only(findings, "foreign keys", "b")).matches(Finding::forbidsSwitch);
        assertThat(only(findings, "foreign keys", "a").text())
                .contains("FOREIGN KEY (\"x\") REFERENCES \"closed\".\"parent\"", "one is gone");
        assertThat(only(findings, "foreign keys", "d").text())
                .contains("was not checked", "does not exist");
    }

    @Test
    void aSequenceThatFailsIsTold() {
        pair.onBoth(TWO_FEEDS);
        pair.onBoth(
                """
                CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
                CREATE TABLE p (id int DEFAULT nextval('closed.far')) PARTITION BY RANGE (id);
                CREATE FOREIGN TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (9)
                    SERVER files OPTIONS (filename '/nowhere');
                CREATE INDEX ON p (id);
                """);
        scene.onActive("INSERT INTO b VALUES (1)");

        List<Finding> found = scene.findings();
        assertThat(only(found, "sequences", "p").text()).contains("was not checked", "/nowhere");
        assertThat(only(found, "sequences", "b").text()).contains("gives 1 next");
    }

    @Test
    void nobodyGoesOnWithoutACheckThatALockHolds() {
        pair.onBoth(TWO_FEEDS);
        try (Session holder = pair.source().session("locks")) {
            holder.begin();
            assertThatThrownBy(() ->
                            scene.catalogs(() ->
                                    holder.run("LOCK TABLE public.b IN ACCESS EXCLUSIVE MODE")))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.LOCK_TIMEOUT));
        }
    }

    @Test
    void aCheckThatWasNotMadeConcernsEachTable() {
        TableName table = new TableName("public", "a");
        LockstepException why = new LockstepException(Fault.PRIVILEGE_MISSING, "may not");
        assertThat(Finding.notMade("sequences", why).concerns(List.of(table))).isTrue();
        assertThat(Finding.note("sequences", table, "", "").concerns(List.of(table))).isTrue();
        Finding other = new Finding("x", Finding.Severity.NOTE, "sequence \"public.a\"", "", "");
        assertThat(other.concerns(List.of(table))).isFalse();
    }
}
