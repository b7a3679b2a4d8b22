package dev.lockstep.plans.catalog;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A table that holds rows itself, or a partitioned one whose partitions do.
///
/// @param root the topmost partitioned table, for a partition
/// @param rowsEstimated the planner's estimate; -1 where the table was never analyzed
/// @param bytes size on disk with TOAST, without indexes
public record Table(
        TableName name,
        List<Column> columns,
        List<Key> keys,
        ReplicaIdentity replicaIdentity,
        boolean partitioned,
        Optional<TableName> root,
        boolean logged,
        long rowsEstimated,
        long bytes) {
    public Table {
        columns = List.copyOf(columns);
        keys = List.copyOf(keys);
    }

    /// It with some of its columns alone, and all of its keys.
    public Table only(Set<String> names) {
        return new Table(
                name,
                columns.stream().filter(column -> names.contains(column.name())).toList(),
                keys,
                replicaIdentity,
                partitioned,
                root,
                logged,
                rowsEstimated,
                bytes);
    }

    /// Whether it, or the topmost table that it is a partition of, is called so.
    public boolean isPartOf(TableName whole) {
        return name.equals(whole) || root.filter(whole::equals).isPresent();
    }

    /// The key by which changes in the WAL name a row; empty where only the whole row does.
    public Optional<Key> changeKey() {
        return switch (replicaIdentity) {
            case DEFAULT -> keys.stream().filter(k -> k.primary() && k.identifies()).findFirst();
            case INDEX ->
                    keys.stream().filter(k -> k.replicaIdentity() && k.identifies()).findFirst();
            case FULL ->
                    keys.stream()
                            .filter(Key::identifies)
                            .sorted((a, b) -> Boolean.compare(b.primary(), a.primary()))
                            .findFirst();
            case NOTHING -> Optional.empty();
        };
    }

    /// Whether the source would go on accepting UPDATE and DELETE once the table is published.
    public boolean hasUsableIdentity() {
        return replicaIdentity == ReplicaIdentity.FULL ? !hasVirtual() : changeKey().isPresent();
    }

    /// Whether it has columns that are computed when read. The server never publishes them, and
    /// refuses changes of a table that it publishes by whole rows then.
    public boolean hasVirtual() {
        return columns.stream().anyMatch(c -> c.generation() == Column.Generation.VIRTUAL);
    }

    /// Whether changes of `other`, the same table at another time, come in the same form: columns,
    /// their types, and what names a row.
    public boolean isCarriedAs(Table other) {
        return shape().equals(other.shape())
                && replicaIdentity == other.replicaIdentity
                && changeKey().map(Key::columns).equals(other.changeKey().map(Key::columns));
    }

    /// What its rows are made of, in table order; a column that was dropped and made anew is
    /// another one.
    public List<String> shape() {
        return columns.stream()
                .map(c -> "%d %s %s %s".formatted(c.number(), c.name(), c.type(), c.isWritten()))
                .toList();
    }

    /// The columns that a writer gives, in table order.
    public List<Column> writtenColumns() {
        return columns.stream().filter(Column::isWritten).toList();
    }

    public Optional<Column> column(String columnName) {
        return columns.stream().filter(c -> c.name().equals(columnName)).findFirst();
    }
}
