package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.apply.Route;
import dev.lockstep.cdc.backfill.CopyTable;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.schema.SchemaExtent;
import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.Sequence;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.TablePair;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The tables and sequences of a plan as both databases have them, each with its partner.
public final class Moved {
    private final SchemaExtent extent;
    private final Catalog source;
    private final Catalog target;
    private final Mapping mapping;
    private final List<Pair> pairs;

    /// A table that holds rows, on both sides.
    ///
    /// @param columns the target's names by the source's, of all columns that both have
    public record Pair(Table source, Table target, Map<String, String> columns) {}

    private Moved(SchemaExtent extent, Catalog target) {
        this.extent = extent;
        this.source = extent.tables();
        this.target = target;
        this.mapping = extent.mapping();
        this.pairs = new ArrayList<>();
        for (Table table : source.rowTables()) {
            target.table(mapping.table(table.name()))
                    .ifPresent(partner -> pairs.add(pair(table, partner)));
        }
    }

    /// Reads both catalogs, for a run.
    public static Moved read(Run run) {
        return read(run.plan(), run.source(), run.target());
    }

    /// Reads both catalogs.
    public static Moved read(Plan plan, Db source, Db target) {
        Catalog moving = source.call(session -> Catalog.read(session, plan.scope()));
        Mapping mapping = plan.mapping().withPartitions(moving);
        return new Moved(
                new SchemaExtent(plan.scope(), mapping, moving),
                target.call(session -> Catalog.read(session, Scope.ALL)));
    }

    /// As both are now, by the names of tables and of the source's sequences alone, through
    /// sessions that may hold locks on them.
    public static Moved outline(Plan plan, Session source, Session target) {
        Catalog moving = Catalog.outline(source, plan.scope(), true);
        Mapping mapping = plan.mapping().withPartitions(moving);
        return new Moved(
                new SchemaExtent(plan.scope(), mapping, moving),
                Catalog.outline(target, Scope.ALL, false));
    }

    private Pair pair(Table table, Table partner) {
        Map<String, String> columns = new LinkedHashMap<>();
        for (Column column : table.columns()) {
            String name = mapping.column(table.name(), column.name());
            if (partner.column(name).isPresent()) {
                columns.put(column.name(), name);
            }
        }
        return new Pair(table, partner, columns);
    }

    /// Tells the tables, partitions and columns of both sides from what any statement would make of
    /// them.
    public String form() {
        String all =
                pairs.stream()
                        .flatMap(pair -> Stream.of(pair.source(), pair.target()))
                        .map(table -> table.name() + " " + table.root() + " " + table.shape())
                        .collect(Collectors.joining("\n"));
        return UUID.nameUUIDFromBytes(all.getBytes(StandardCharsets.UTF_8)).toString();
    }

    /// What a copy of the schema brings.
    public SchemaExtent extent() {
        return extent;
    }

    public Catalog source() {
        return source;
    }

    public Catalog target() {
        return target;
    }

    public List<Pair> pairs() {
        return pairs;
    }

    /// Partitions of the run's tables that the target alone has.
    public List<Table> lonePartitions() {
        Set<TableName> ours = Set.copyOf(tables(Side.TARGET));
        return target.rowTables().stream()
                .filter(table -> table.root().filter(ours::contains).isPresent())
                .filter(table -> !ours.contains(table.name()))
                .toList();
    }

    /// The source's tables in scope that the target does not have.
    public List<Table> loneTables() {
        return source.rowTables().stream()
                .filter(table -> target.table(mapping.table(table.name())).isEmpty())
                .toList();
    }

    /// The target's tables without a counterpart that are in scope there, or in a schema with one
    /// of the run's.
    public List<TableName> others() {
        Set<TableName> ours = Set.copyOf(tables(Side.TARGET));
        Set<String> schemas = ours.stream().map(TableName::schema).collect(Collectors.toSet());
        return target.rowTables().stream()
                .filter(table -> !ours.contains(table.name()))
                .filter(table ->
                        extent.scope().covers(table) || schemas.contains(table.name().schema()))
                .map(Table::name)
                .filter(name -> Scope.ALL.covers(name))
                .toList();
    }

    /// What a source table is called on the target.
    public TableName targetName(TableName name) {
        return mapping.table(name);
    }

    /// What a column of a source table is called on the target.
    public String targetName(TableName table, String column) {
        return mapping.column(table, column);
    }

    /// Every table of the run on one side, partitioned ones too.
    public List<TableName> tables(Side side) {
        return source.tables().keySet().stream()
                .map(name -> side == Side.SOURCE ? name : mapping.table(name))
                .filter(name -> side == Side.SOURCE || target.table(name).isPresent())
                .sorted()
                .toList();
    }

    /// All tables and sequences of the run on one side.
    public List<TableName> relations(Side side) {
        List<TableName> found = new ArrayList<>(tables(side));
        for (Sequence sequence : source.sequences()) {
            if (side == Side.SOURCE) {
                found.add(sequence.name());
            } else {
                targetSequence(sequence).ifPresent(partner -> found.add(partner.name()));
            }
        }
        return found;
    }

    /// Where changes go while `active` accepts writes.
    ///
    /// @param copiedAt source tables that were copied from one snapshot, with its position
    public List<Route> routes(Side active, Map<TableName, Lsn> copiedAt) {
        return pairs.stream()
                .map(p ->
                        active == Side.SOURCE
                                ? new Route(
                                        p.source(),
                                        p.target(),
                                        p.columns(),
                                        copiedAt.getOrDefault(p.source().name(), Lsn.ZERO))
                                : new Route(p.target(), p.source(), inverse(p.columns()), Lsn.ZERO))
                .toList();
    }

    /// What a verification compares while `active` accepts writes: the columns that both sides
    /// have.
    public List<TablePair> comparison(Side active) {
        return pairs.stream()
                .map(p ->
                        pair(
                                p.source().only(p.columns().keySet()),
                                p.target().only(Set.copyOf(p.columns().values())),
                                p.columns(),
                                active))
                .toList();
    }

    /// Every table of the run, partitioned ones too, with all columns that it has, while `active`
    /// accepts writes.
    public List<TablePair> counterparts(Side active) {
        return source.tables().values().stream()
                .flatMap(table ->
                        target.table(mapping.table(table.name())).stream()
                                .map(partner -> pair(table, partner, names(table), active)))
                .toList();
    }

    /// A column that was added under the name that another one has on the target has none there.
    private Map<String, String> names(Table table) {
        Map<String, String> names = new LinkedHashMap<>();
        for (Column column : table.columns()) {
            String name = mapping.column(table.name(), column.name());
            if (!names.containsValue(name)) {
                names.put(column.name(), name);
            }
        }
        return names;
    }

    private static TablePair pair(
            Table source, Table target, Map<String, String> columns, Side active) {
        return active == Side.SOURCE
                ? new TablePair(source, target, columns)
                : new TablePair(target, source, inverse(columns));
    }

    /// What the first copy moves.
    public List<CopyTable> copies() {
        return pairs.stream()
                .map(p -> new CopyTable(p.source(), p.target().name(), p.columns()))
                .toList();
    }

    /// The sequences of the active side with their names on the other one.
    public Map<Sequence, TableName> sequences(Side active) {
        Map<Sequence, TableName> found = new HashMap<>();
        for (Sequence sequence : source.sequences()) {
            targetSequence(sequence)
                    .ifPresent(partner -> {
                        if (active == Side.SOURCE) {
                            found.put(sequence, partner.name());
                        } else {
                            found.put(partner, sequence.name());
                        }
                    });
        }
        return found;
    }

    /// The target's counterpart: the one that feeds the same column, or else the one of the same
    /// name.
    public Optional<Sequence> targetSequence(Sequence sequence) {
        Set<Sequence.Feed> wanted = targetFeeds(sequence);
        return target.sequences().stream()
                .filter(s -> s.feeds().stream().anyMatch(wanted::contains))
                .findFirst()
                .or(() ->
                        target.sequences().stream()
                                .filter(s -> s.name().equals(sequence.name()))
                                .findFirst());
    }

    /// The columns of the target that `sequence` feeds on the source.
    Set<Sequence.Feed> targetFeeds(Sequence sequence) {
        return sequence.feeds().stream()
                .filter(feed -> source.table(feed.table()).isPresent())
                .map(feed ->
                        new Sequence.Feed(
                                mapping.table(feed.table()),
                                mapping.column(feed.table(), feed.column())))
                .collect(Collectors.toSet());
    }

    private static Map<String, String> inverse(Map<String, String> columns) {
        return columns.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
    }
}
