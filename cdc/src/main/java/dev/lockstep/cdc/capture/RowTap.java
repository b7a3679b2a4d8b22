package dev.lockstep.cdc.capture;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.cdc.log.LogAppender;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Amount;
import dev.lockstep.plans.fault.Check;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import io.debezium.connector.postgresql.PostgresSchema;
import io.debezium.connector.postgresql.UnchangedToastedReplicationMessageColumn;
import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.debezium.connector.postgresql.connection.ReplicationMessage;
import io.debezium.relational.Table;
import io.debezium.relational.TableId;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Takes what Debezium has decoded, before it converts anything, and appends it to the log as
/// PostgreSQL's own text.
///
/// Debezium keeps the text of a value to itself but for a column's text form, `name(type)=text`;
/// name and type are known, so the rest is the value to the letter. A NULL has no such form.
final class RowTap {
    private final LogAppender log;
    private final String markerPrefix;
    private final CarriedTables tables;
    private final Lsn known;
    private final Map<String, Source> sources = new HashMap<>();
    private List<TableName> truncated = new ArrayList<>();
    private Lsn last;
    private long changesKnown;
    private long changesInTransaction;
    private volatile long changesCaptured;
    private volatile Consumer<Exception> onBroken = _ -> {};
    private volatile Runnable onOpened = () -> {};

    /// A table as Debezium has it now, and what stands before each value.
    private record Source(Table table, Layout layout, List<String> prefixes) {}

    /// @param known the last commit that the log holds already; what comes again is not counted
    ///   again
    RowTap(LogAppender log, CarriedTables tables, Lsn known, long changesKnown) {
        this.log = log;
        this.markerPrefix = Capture.markerPrefix();
        this.tables = tables;
        this.known = known;
        this.last = known;
        this.changesKnown = changesKnown;
        this.changesCaptured = changesKnown;
    }

    /// How many row changes were appended to the stream in all.
    long changesCaptured() {
        return changesCaptured;
    }

    /// The server has nothing more to say right now.
    void idle() {
        log.flush();
    }

    /// Has `told` hear of the end of the connection, which the engine tells only when all that it
    /// has taken in is confirmed and its parts are closed.
    void whenBroken(Consumer<Exception> told) {
        onBroken = told;
    }

    /// Has `check` done as soon as the slot is this process' alone.
    void whenOpened(Runnable check) {
        onOpened = check;
    }

    void opened() {
        onOpened.run();
    }

    void broken(Exception e) {
        onBroken.accept(e);
        log.flush();
    }

    void accept(
            ReplicationMessage message,
            io.debezium.connector.postgresql.connection.Lsn received,
            PostgresSchema schema) {
        switch (message.getOperation()) {
            case BEGIN -> {
                changesInTransaction = 0;
                log.append(new Change.Begin(last));
            }
            case INSERT -> {
                Source source = source(message, schema);
                row(new Change.Insert(source.layout(), after(message, source)));
            }
            case UPDATE -> {
                Source source = source(message, schema);
                row(
                        new Change.Update(
                                source.layout(), before(message, source), after(message, source)));
            }
            case DELETE -> {
                Source source = source(message, schema);
                Tuple before = before(message, source).orElseThrow();
                row(new Change.Delete(source.layout(), before));
            }
            case TRUNCATE -> truncate(message, schema);
            case MESSAGE -> marker((LogicalDecodingMessage) message);
            case COMMIT -> commit(message, new Lsn(received.asLong()));
            case ORIGIN -> {}
            case NOOP ->
                    throw new LockstepException(
                            Fault.CHANGE_REFUSED,
                            "the stream brought a change of a table that cannot be looked "
                                    + "up any more; a"
                                    + " table in scope was dropped or renamed while the run "
                                    + "was behind");
        }
    }

    private void row(Change change) {
        changesInTransaction++;
        log.append(change);
    }

    private void truncate(ReplicationMessage message, PostgresSchema schema) {
        truncated.add(nameOf(TableId.parse(message.getTable(), false), schema));
        if (message.isLastEventForLsn()) {
            row(new Change.Truncate(truncated));
            truncated = new ArrayList<>();
        }
    }

    private TableName nameOf(TableId id, PostgresSchema schema) {
        return tables.present(
                new TableName(PlainNames.of(id.schema()), PlainNames.of(id.table())),
                oid -> {
                    Table table = schema.tableFor(oid);
                    return table != null && table.id().equals(id);
                });
    }

    private void marker(LogicalDecodingMessage message) {
        boolean transactional = !message.isLastEventForLsn();
        if (transactional && PlainNames.of(message.getPrefix()).equals(markerPrefix)) {
            log.append(new Change.Marker(new String(message.getContent(), StandardCharsets.UTF_8)));
        }
    }

    private void commit(ReplicationMessage message, Lsn end) {
        if (end.isAfter(known)) {
            changesKnown += changesInTransaction;
            last = end;
        }
        Instant at = message.getCommitTime();
        log.append(new Change.Commit(end, at, changesKnown));
        changesCaptured = changesKnown;
    }

    @SuppressWarnings("ReferenceEquality") // Debezium makes a new object whenever the table changed
    private Source source(ReplicationMessage message, PostgresSchema schema) {
        String name = message.getTable();
        Source known = sources.get(name);
        TableId id = known == null ? TableId.parse(name, false) : known.table().id();
        Table table = schema.tableFor(id);
        if (known != null && known.table() == table) {
            return known;
        }
        List<String> columns = new ArrayList<>();
        List<String> prefixes = new ArrayList<>();
        for (var column : table.columns()) {
            columns.add(PlainNames.of(column.name()));
            prefixes.add(column.name() + "(" + column.typeExpression() + ")=");
        }
        Layout layout = tables.layout(nameOf(id, schema), columns);
        Source source = new Source(table, layout, List.copyOf(prefixes));
        sources.put(name, source);
        return source;
    }

    private static Tuple after(ReplicationMessage message, Source source) {
        return tuple(message.getNewTupleList(), source);
    }

    private static Optional<Tuple> before(ReplicationMessage message, Source source) {
        List<ReplicationMessage.Column> old = message.getOldTupleList();
        return old == null ? Optional.empty() : Optional.of(tuple(old, source));
    }

    private static Tuple tuple(List<ReplicationMessage.Column> columns, Source source) {
        @Nullable String[] values = new @Nullable String[source.prefixes().size()];
        if (columns.size() != values.length) {
            throw new LockstepException(
                    Fault.CHANGE_REFUSED,
                    "table \"%s\" came with %s where %d were known; it was altered mid-run"
                            .formatted(
                                    source.layout().table(),
                                    Amount.of(columns.size(), "column"),
                                    values.length));
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = value(columns.get(i), source.prefixes().get(i));
        }
        return new Tuple(values);
    }

    private static @Nullable String value(ReplicationMessage.Column column, String prefix) {
        if (column instanceof UnchangedToastedReplicationMessageColumn) {
            return Tuple.UNCHANGED;
        }
        String text = column.toString();
        if (text.startsWith(prefix)) {
            return text.substring(prefix.length());
        }
        Check.that(column.getValue(null, false) == null, "no text of a column %s", prefix);
        return null;
    }
}
