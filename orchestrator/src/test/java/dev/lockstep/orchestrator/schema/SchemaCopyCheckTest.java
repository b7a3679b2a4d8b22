package dev.lockstep.orchestrator.schema;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.PostgresServer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SchemaCopyCheckTest {
    @Test
    void missingRolesAreNamedUnlessOnlyTablesOutOfScopeNeedThem() {
        PostgresServer other = PostgresServer.start(Map.of("wal_level", "replica"));
        try (Db source = other.database();
                Db target = PostgresServer.shared().database()) {
            Pair.run(
                    source,
                    """
                    CREATE ROLE keeper; CREATE ROLE "Read-er"; CREATE ROLE stranger;
                    CREATE TABLE item (id int); ALTER TABLE item OWNER TO keeper;
                    GRANT SELECT (id) ON item TO "Read-er";
                    CREATE TABLE audit_log (id int); ALTER TABLE audit_log OWNER TO stranger\
                    """);
            Scope scope = new Scope(List.of("*"), List.of("public.audit_*"));
            assertThat(withoutTools(source, target, scope))
                    .hasSize(2)
                    .anyMatch(p -> p.contains("\"keeper\"") && p.contains("public.item"))
                    .anyMatch(p -> p.contains("\"Read-er\""));
        } finally {
            other.stop();
        }
    }

    @Test
    void namesThatAreTakenAreListed() {
        try (Pair pair = Pair.create()) {
            pair.onBoth(
                    """
                    CREATE TYPE mood AS ENUM ('low'); CREATE TABLE item (id int);
                    CREATE TABLE audit_log (id int);
                    CREATE FUNCTION one(int) RETURNS int LANGUAGE sql AS 'SELECT 1'\
                    """);
            Pair.run(pair.source(), "CREATE TABLE new_item (id int)");
            Scope scope = new Scope(List.of("*"), List.of("public.audit_*"));
            assertThat(withoutTools(pair.source(), pair.target(), scope))
                    .singleElement()
                    .asString()
                    .contains("not empty")
                    .contains("public.mood", "public.item", "public.one(")
                    .doesNotContain("new_item", "audit_log");
        }
    }

    @Test
    void newNamesThatAreTakenAreListed() {
        try (Pair pair = Pair.create()) {
            Pair.run(pair.source(), "CREATE TABLE item (id int)");
            Pair.run(pair.target(), "CREATE SCHEMA stock; CREATE VIEW stock.goods AS SELECT 1");
            TableName item = new TableName("public", "item");
            TableName goods = new TableName("stock", "goods");
            Mapping mapping = new Mapping(Map.of(item, new Mapping.Rule(goods, Map.of())));
            assertThat(withoutTools(pair.source(), pair.target(), Scope.ALL, mapping))
                    .singleElement()
                    .asString()
                    .contains("not empty", "view stock.goods");
        }
    }

    @Test
    void emptyTargetWithAllRolesHasNoProblem() {
        try (Pair pair = Pair.create()) {
            Pair.run(pair.source(), "CREATE TABLE item (id serial PRIMARY KEY)");
            assertThat(withoutTools(pair.source(), pair.target(), Scope.ALL)).isEmpty();
        }
    }

    private static List<String> withoutTools(Db source, Db target, Scope scope) {
        return withoutTools(source, target, scope, Mapping.NONE);
    }

    private static List<String> withoutTools(Db source, Db target, Scope scope, Mapping mapping) {
        Problems problems = new Problems();
        try (Session session = source.session("test")) {
            SchemaExtent extent = new SchemaExtent(scope, mapping, Catalog.read(session, scope));
            new SchemaCopyCheck(source, target, extent).check(problems);
        }
        return problems.all().stream().filter(p -> !p.contains("pg_dump and pg_restore")).toList();
    }
}
