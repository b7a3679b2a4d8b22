package dev.lockstep.orchestrator.schema;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Gives the target's tables and columns the names that the plan wants, and the source's again
/// where a dump, which knows no others, is to add to them. Whoever reads a table by its identity,
/// such as a view, an index or a foreign key, follows; the text of a function does not.
///
/// Every name goes by way of one that nobody has, so that two tables may swap theirs.
final class Renaming {
    private static final String COLUMNS =
            """
            SELECT attname FROM pg_attribute
             WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped
               AND attinhcount = 0\
            """;

    private final Mapping mapping;

    Renaming(Mapping mapping) {
        this.mapping = mapping;
    }

    /// From the source's names to the target's. What is not there is left out.
    void give(Session target) {
        Set<String> schemas = SchemaObjects.schemas(target);
        newSchemas().stream()
                .filter(schema -> !schemas.contains(schema))
                .forEach(schema -> target.run("CREATE SCHEMA " + new Ident(schema)));
        rename(target, mapping);
    }

    /// From the target's names to the source's.
    void takeBack(Session target) {
        rename(target, mapping.inverse());
    }

    /// The schemas that tables are moved to.
    Set<String> newSchemas() {
        Set<String> schemas = new TreeSet<>();
        mapping.rules().values().forEach(rule -> schemas.add(rule.to().schema()));
        return schemas;
    }

    private static void rename(Session target, Mapping mapping) {
        Set<TableName> there = SchemaObjects.tables(target);
        Map<TableName, Mapping.Rule> rules = new TreeMap<>(mapping.rules());
        rules.keySet().retainAll(there);
        rules.forEach((table, rule) -> columns(target, table, rule.columns()));
        List<Runnable> last = new ArrayList<>();
        rules.forEach((from, rule) -> {
            TableName to = rule.to();
            if (!to.equals(from)) {
                TableName between = new TableName(to.schema(), "lockstep_renamed_" + last.size());
                renameTable(target, from, between.name());
                move(target, new TableName(from.schema(), between.name()), to.schema());
                last.add(() -> renameTable(target, between, to.name()));
            }
        });
        last.forEach(Runnable::run);
    }

    /// Columns that come from a parent are renamed there.
    private static void columns(Session target, TableName table, Map<String, String> columns) {
        Map<String, String> wanted = new TreeMap<>(columns);
        wanted.keySet().retainAll(target.rows(COLUMNS, row -> row.text("attname"), table.sql()));
        wanted.entrySet().removeIf(names -> names.getKey().equals(names.getValue()));
        List<Runnable> last = new ArrayList<>();
        wanted.forEach((from, to) -> {
            String between = "lockstep_renamed_" + last.size();
            renameColumn(target, table, from, between);
            last.add(() -> renameColumn(target, table, between, to));
        });
        last.forEach(Runnable::run);
    }

    private static void renameTable(Session target, TableName table, String name) {
        target.run("ALTER TABLE %s RENAME TO %s".formatted(table.sql(), new Ident(name)));
    }

    private static void move(Session target, TableName table, String schema) {
        if (!table.schema().equals(schema)) {
            target.run("ALTER TABLE %s SET SCHEMA %s".formatted(table.sql(), new Ident(schema)));
        }
    }

    private static void renameColumn(Session target, TableName table, String from, String to) {
        target.run(
                "ALTER TABLE %s RENAME COLUMN %s TO %s"
                        .formatted(table.sql(), new Ident(from), new Ident(to)));
    }
}
