package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What is looked at: tables and sequences of the active, each with its name on the standby.
///
/// @param tables partitioned ones, too; `columns` of a pair has the renamed ones
/// @param sequences those that a switch sets on the standby
public record Extent(List<TablePair> tables, Map<TableName, TableName> sequences) {
    /// The tables that a statement is about, as `c` in schema `n`.
    static final String TABLES =
            """
            pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN unnest(?::text[], ?::text[]) AS wanted (schema, name)
                ON wanted.schema = n.nspname AND wanted.name = c.relname\
            """;

    public Extent {
        tables = List.copyOf(tables);
        sequences = Map.copyOf(sequences);
    }

    /// What both databases have of something, by table.
    record Both<T>(Map<TableName, List<T>> active, Map<TableName, List<T>> standby) {
        List<T> active(TablePair pair) {
            return active.getOrDefault(pair.active().name(), List.of());
        }

        List<T> standby(TablePair pair) {
            return standby.getOrDefault(pair.standby().name(), List.of());
        }
    }

    /// One thing as each side has it.
    record Two<T>(T active, T standby) {}

    /// Reads with a statement over [#TABLES] that gives `nspname`, `relname` and what `reader`
    /// reads.
    <T> Both<T> read(SessionPair sessions, String sql, Session.Reader<T> reader) {
        return new Both<>(
                readActive(sessions.active(), sql, reader),
                readStandby(sessions.standby(), sql, reader));
    }

    /// As [#read], of the active alone.
    <T> Map<TableName, List<T>> readActive(Session session, String sql, Session.Reader<T> reader) {
        return read(session, sql, names(pair -> pair.active().name()), reader);
    }

    /// As [#read], of the standby alone.
    <T> Map<TableName, List<T>> readStandby(Session session, String sql, Session.Reader<T> reader) {
        return read(session, sql, names(pair -> pair.standby().name()), reader);
    }

    private List<TableName> names(Function<TablePair, TableName> side) {
        return tables.stream().map(side).toList();
    }

    /// As [#read], of these relations of one database.
    static <T> Map<TableName, List<T>> read(
            Session session,
            String sql,
            Collection<TableName> relations,
            Session.Reader<T> reader) {
        record Found<F>(TableName table, F thing) {}
        Object schemas = relations.stream().map(TableName::schema).toArray(String[]::new);
        Object names = relations.stream().map(TableName::name).toArray(String[]::new);
        return session
                .rows(
                        sql,
                        row ->
                                new Found<>(
                                        new TableName(row.text("nspname"), row.text("relname")),
                                        reader.read(row)),
                        schemas,
                        names)
                .stream()
                .collect(
                        Collectors.groupingBy(
                                Found::table,
                                Collectors.mapping(Found::thing, Collectors.toList())));
    }

    /// The pair of the active's `table`.
    Optional<TablePair> pair(TableName table) {
        return tables.stream().filter(pair -> pair.active().name().equals(table)).findFirst();
    }

    /// What a table or sequence of the active is called on the standby; what is not looked at has
    /// one name on both.
    TableName standbyName(TableName active) {
        return pair(active)
                .map(pair -> pair.standby().name())
                .orElseGet(() -> sequences.getOrDefault(active, active));
    }
}
