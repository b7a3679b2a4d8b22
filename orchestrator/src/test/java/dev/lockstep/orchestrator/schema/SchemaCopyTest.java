package dev.lockstep.orchestrator.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.local.LocalServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchemaCopyTest {
    private static final Scope SCOPE = new Scope(List.of("*"), List.of("public.audit_*"));
    private static final String INDEXES =
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indexrelid >= 16384"
                    + " AND indrelid IN (SELECT oid FROM pg_class WHERE relkind <> 't') ORDER BY 1";

    @TempDir Path folder;
    private final List<Db> open = new ArrayList<>();

    @BeforeEach
    void serverIsInstalled() {
        assumeTrue(LocalServer.find().isPresent(), "needs a PostgreSQL in /usr/lib/postgresql");
    }

    @AfterEach
    void close() {
        open.forEach(Db::close);
    }

    @Test
    void bringsTheWholeSchemaInThreeStepsEachOfWhichMayBeRepeated() {
        Db source = shop();
        Db target = database();
        SchemaCopy copy = copy(source, target, SCOPE);
        assertThat(problems(copy)).isEmpty();
        copy.restoreTables();
        copy.restoreTables();
        assertThat(Pair.rows(target, INDEXES)).isEmpty();
        refuseWrites(target);
        fill(target);
        copy.restoreKeys();
        copy.restoreKeys();
        assertThat(Pair.rows(target, INDEXES))
                .containsExactlyInAnyOrder(
                        "(customer_pkey)",
                        "(sales.orders_1_pkey)",
                        "(sales.orders_2_pkey)",
                        "(\"\"\"Odd \"\"\"\"schema.;\"\".\"\"in dex\"\"\")");
        copy.restoreRest();
        copy.restoreRest();
        Pair.run(target, "DROP SCHEMA lockstep CASCADE");
        assertThat(dump(target)).isEqualTo(dumpInScope(source));
        assertThat(Pair.rows(target, "SELECT n FROM count_twice")).containsExactly("(4)");
        assertThat(Pair.rows(target, "SELECT relispopulated FROM pg_class WHERE relname = 'never'"))
                .containsExactly("(f)");
    }

    @Test
    void aLostDumpIsMadeAgain() throws IOException {
        Db source = shop();
        Db target = database();
        SchemaCopy copy = copy(source, target, SCOPE);
        copy.restoreTables();
        Files.delete(folder.resolve("work/schema.dump"));
        copy.restoreKeys();
        Files.delete(folder.resolve("work/schema.dump"));
        copy.restoreRest();
        assertThat(dump(target)).isEqualTo(dumpInScope(source));
    }

    @Test
    void dropAllLeavesTheTargetAsItWasAfterEachStep() {
        Db source = shop();
        Db target = database();
        Pair.run(
                target,
                "CREATE SCHEMA sales; CREATE TABLE mine (id int); CREATE TYPE my AS (a int)");
        List<String> before = dump(target);
        SchemaCopy copy = copy(source, target, SCOPE);
        copy.dropAll();
        List<Runnable> steps =
                List.of(() -> {}, copy::restoreTables, copy::restoreKeys, copy::restoreRest);
        for (int last = 0; last < steps.size(); last++) {
            steps.subList(0, last + 1).forEach(Runnable::run);
            copy.dropAll();
            assertThat(dump(target)).as("after step %d", last).isEqualTo(before);
        }
        copy.dropAll();
        assertThat(dump(target)).isEqualTo(before);
    }

    @Test
    void mappedTablesComeUnderTheirNewNames() {
        Db source = shop();
        Db target = database();
        List<String> before = dump(target);
        SchemaCopy copy = copy(source, target, SCOPE, renamed());
        List<Runnable> steps =
                List.of(copy::restoreTables, copy::restoreKeys, copy::restoreRest, () -> {});
        for (int last = 0; last < steps.size(); last++) {
            steps.subList(0, last + 1).forEach(Runnable::run);
            assertThat(Pair.rows(target, "SELECT mail, client FROM crm.client, client.customer"))
                    .isEmpty();
            if (last < steps.size() - 1) {
                copy.dropAll();
                assertThat(dump(target)).as("after step %d", last).isEqualTo(before);
            }
        }
        Pair.run(
                source,
                """
                CREATE SCHEMA crm; CREATE SCHEMA client;
                ALTER TABLE customer RENAME COLUMN email TO mail;
                ALTER TABLE customer RENAME TO client; ALTER TABLE client SET SCHEMA crm;
                ALTER TABLE sales.orders RENAME COLUMN ticket TO total_;
                ALTER TABLE sales.orders RENAME COLUMN total TO ticket;
                ALTER TABLE sales.orders RENAME COLUMN total_ TO total;
                ALTER TABLE sales.orders RENAME COLUMN customer TO client;
                ALTER TABLE sales.orders RENAME TO customer;
                ALTER TABLE sales.customer SET SCHEMA client;
                ALTER TABLE sales.orders_1 RENAME TO old;
                ALTER TABLE sales.orders_2 RENAME TO orders_1;
                ALTER TABLE sales.old RENAME TO orders_2;
                """);
        assertThat(dump(target)).isEqualTo(dumpInScope(source));
    }

    private static Mapping renamed() {
        TableName orders = new TableName("sales", "orders");
        TableName orders1 = new TableName("sales", "orders_1");
        TableName orders2 = new TableName("sales", "orders_2");
        return new Mapping(
                Map.of(
                        new TableName("public", "customer"),
                        new Mapping.Rule(new TableName("crm", "client"), Map.of("email", "mail")),
                        orders,
                        new Mapping.Rule(
                                new TableName("client", "customer"),
                                Map.of("ticket", "total", "total", "ticket", "customer", "client")),
                        orders1,
                        new Mapping.Rule(orders2, Map.of()),
                        orders2,
                        new Mapping.Rule(orders1, Map.of())));
    }

    @Test
    void whatFailsIsToldAndLeavesNothing() {
        Db source = shop();
        Db target = database();
        SchemaCopy copy = copy(source, target, SCOPE);
        copy.restoreTables();
        Pair.run(target, "INSERT INTO sales.orders VALUES (1, 77, 5, '2020-05-05')");
        copy.restoreKeys();
        List<String> before = dump(target);
        assertThatThrownBy(copy::restoreRest)
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("step \"rest\"")
                .hasMessageContaining("orders_customer_fkey")
                .hasMessageContaining("(77)")
                .hasMessageNotContaining("CREATE");
        assertThat(dump(target)).isEqualTo(before);
        Pair.run(target, "DELETE FROM sales.orders");
        copy.restoreRest();
        assertThat(dump(target)).isEqualTo(dumpInScope(source));
    }

    @Test
    void foreignKeyToATableOutOfScopeIsRefused() {
        Scope narrow = new Scope(List.of("*"), List.of("public.audit_*", "public.customer"));
        assertThat(problems(copy(shop(), database(), narrow)))
                .singleElement()
                .asString()
                .contains("orders_customer_fkey", "sales.orders", "public.customer");
    }

    private static void fill(Db target) {
        Pair.run(
                target,
                """
                SET session_replication_role = replica;
                INSERT INTO customer (id, email, note, boss) OVERRIDING SYSTEM VALUE
                    VALUES (1, 'a', 'x', NULL), (2, 'b', 'y', 1);
                INSERT INTO sales.orders VALUES (1, 1, 5, '2020-05-05'), (2, 2, 5, '2021-05-05')\
                """);
    }

    /// What a run does to its target meanwhile.
    private static void refuseWrites(Db target) {
        Pair.run(
                target,
                """
                CREATE SCHEMA lockstep;
                CREATE FUNCTION lockstep.refuse_write() RETURNS trigger LANGUAGE plpgsql
                    AS $$BEGIN RAISE 'refused'; END$$;
                CREATE TRIGGER lockstep_refuse_rows BEFORE INSERT OR UPDATE OR DELETE ON customer
                    EXECUTE FUNCTION lockstep.refuse_write()\
                """);
    }

    private Db database() {
        Db db = LocalServer.find().orElseThrow().database();
        open.add(db);
        return db;
    }

    private Db shop() {
        Db db = database();
        Pair.run(
                db,
                """
                DO $$ BEGIN CREATE ROLE shop_reader;
                EXCEPTION WHEN duplicate_object THEN NULL; END $$\
                """);
        try (InputStream text = SchemaCopyTest.class.getResourceAsStream("shop.sql")) {
            assertThat(text).isNotNull();
            Path file = folder.resolve("shop.sql");
            Files.write(file, text.readAllBytes());
            LocalServer.find()
                    .orElseThrow()
                    .run("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", uri(db), "-f", "" + file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return db;
    }

    private SchemaCopy copy(Db source, Db target, Scope scope) {
        return copy(source, target, scope, Mapping.NONE);
    }

    private SchemaCopy copy(Db source, Db target, Scope scope, Mapping mapping) {
        try (Session session = source.session("test")) {
            SchemaExtent extent = new SchemaExtent(scope, mapping, Catalog.read(session, scope));
            return new SchemaCopy(source, target, extent, folder.resolve("work"));
        }
    }

    private static List<String> problems(SchemaCopy copy) {
        Problems problems = new Problems();
        copy.check(problems);
        return problems.all();
    }

    private static List<String> dumpInScope(Db db) {
        return dump(
                db,
                "-N",
                "lockstep",
                "-T",
                "audit_log",
                "-T",
                "audited",
                "-T",
                "audited_twice",
                "-T",
                "audit_log_id_seq");
    }

    /// The dump without what differs each time, Lockstep's trigger and publications.
    private static List<String> dump(Db db, String... options) {
        List<String> arguments = new ArrayList<>(List.of("--schema-only", "--no-publications"));
        arguments.addAll(List.of(options));
        arguments.addAll(List.of("-d", uri(db)));
        String text =
                LocalServer.find().orElseThrow().run("pg_dump", arguments.toArray(String[]::new));
        return text.lines()
                .filter(line -> !line.isBlank() && !line.equals("--"))
                .filter(line ->
                        !line.startsWith("\\restrict ") && !line.startsWith("\\unrestrict "))
                .filter(line -> !line.contains("lockstep_refuse_"))
                .collect(Collectors.toList());
    }

    private static String uri(Db db) {
        return "host=127.0.0.1 user=postgres port=%d dbname=%s"
                .formatted(db.endpoint().port(), db.endpoint().database());
    }
}
