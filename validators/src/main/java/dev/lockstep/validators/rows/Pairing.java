package dev.lockstep.validators.rows;

import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Key;
import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.rows.PairedTable.Split;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Decides how the tables of one pair are compared.
final class Pairing {
    /// Types that sort by value alone, the same on every server.
    private static final Set<String> ORDERED =
            Set.of(
                    "bool",
                    "int2",
                    "int4",
                    "int8",
                    "oid",
                    "uuid",
                    "bytea",
                    "date",
                    "numeric",
                    "float4",
                    "float8",
                    "timestamp",
                    "timestamptz",
                    "time",
                    "inet",
                    "cidr",
                    "macaddr",
                    "macaddr8",
                    "pg_lsn",
                    "char",
                    "text",
                    "varchar",
                    "bpchar",
                    "name");

    /// Types that compare with each other, by an index of either.
    private static final List<Set<String>> FAMILIES =
            List.of(Set.of("int2", "int4", "int8"), Set.of("text", "varchar"));

    private static final String EQUALS = "OPERATOR(pg_catalog.=)";

    private final TablePair pair;
    private final List<String> columns;
    private final Map<String, ColumnType> activeTypes;
    private final Map<String, ColumnType> standbyTypes;
    private final Map<String, String> activeEqualities;
    private final Map<String, String> standbyEqualities;

    private Pairing(TablePair pair, SessionPair sessions) {
        this.pair = pair;
        this.columns = pair.active().columns().stream().map(Column::name).toList();
        this.activeTypes = ColumnType.read(sessions.active(), pair.active());
        this.standbyTypes = ColumnType.read(sessions.standby(), pair.standby());
        this.activeEqualities = ColumnType.equalities(sessions.active(), pair.active());
        this.standbyEqualities = ColumnType.equalities(sessions.standby(), pair.standby());
    }

    /// Makes all pairs ready, or throws with everything that does not fit together.
    static List<PairedTable> all(
            List<TablePair> pairs, SessionPair sessions, RowHash hash, Mask mask) {
        Problems problems = new Problems();
        List<PairedTable> ready = new ArrayList<>();
        for (TablePair pair : pairs) {
            Pairing pairing = new Pairing(pair, sessions);
            if (pairing.fits(sessions, problems)) {
                ready.add(pairing.paired(hash, mask));
            }
        }
        problems.throwIfAny(
                Fault.PRECONDITION,
                "the tables cannot be compared; bring the schemas together, or the names of"
                        + " tables and columns in the plan");
        return ready;
    }

    private boolean fits(SessionPair sessions, Problems problems) {
        boolean fits = true;
        for (String column : columns) {
            fits &= has(activeTypes, pair.active(), column, sessions.active(), problems);
            String there = pair.standbyColumn(column);
            fits &= has(standbyTypes, pair.standby(), there, sessions.standby(), problems);
        }
        return fits;
    }

    private static boolean has(
            Map<String, ColumnType> types,
            Table table,
            String column,
            Session session,
            Problems problems) {
        if (types.containsKey(column)) {
            return true;
        }
        problems.add(
                "table \"%s\" of database \"%s\" has no column \"%s\""
                        .formatted(table.name(), session.label(), column));
        return false;
    }

    private PairedTable paired(RowHash hash, Mask mask) {
        Optional<Key> key = key();
        List<String> keyColumns = key.map(Key::columns).orElse(List.of());
        return new PairedTable(
                pair.active().name(),
                pair.active().bytes(),
                columns,
                keyColumns,
                columns.stream().filter(c -> isHidden(mask, c)).collect(Collectors.toSet()),
                key.map(this::split).orElse(Split.NONE),
                side(true, keyColumns, hash),
                side(false, keyColumns, hash));
    }

    /// Whichever side calls it so; a partition's columns are those of its topmost table, too.
    private boolean isHidden(Mask mask, String column) {
        return isHidden(mask, pair.active(), column)
                || isHidden(mask, pair.standby(), pair.standbyColumn(column));
    }

    private static boolean isHidden(Mask mask, Table table, String column) {
        return mask.hides(table.name(), column)
                || table.root().filter(root -> mask.hides(root, column)).isPresent();
    }

    /// Any key that names one row will do: nothing is looked up in the WAL here.
    private Optional<Key> key() {
        Table table = pair.active();
        return table.changeKey()
                .or(() -> table.keys().stream().filter(Key::identifies).findFirst());
    }

    private TableSide side(boolean active, List<String> keyColumns, RowHash hash) {
        return new TableSide(
                TableSide.from(active ? pair.active() : pair.standby()),
                columns.stream().map(column -> quoted(active, column)).toList(),
                columns.stream().map(column -> form(active, column)).toList(),
                keyColumns.stream().map(column -> quoted(active, column)).toList(),
                keyColumns.stream().map(column -> form(active, column)).toList(),
                keyColumns.stream().map(column -> type(true, column).sql()).toList(),
                keyColumns.stream().map(column -> lookup(active, column)).toList(),
                hash);
    }

    /// Each side reads the text as what it has itself.
    private TableSide.Lookup lookup(boolean active, String column) {
        return new TableSide.Lookup(
                quoted(active, column),
                active
                        ? activeEqualities.getOrDefault(column, EQUALS)
                        : standbyEqualities.getOrDefault(pair.standbyColumn(column), EQUALS),
                type(active, column).spelt());
    }

    private String quoted(boolean active, String column) {
        return new Ident(active ? column : pair.standbyColumn(column)).toString();
    }

    private String form(boolean active, String column) {
        Form form = Form.of(type(true, column), type(false, column));
        return form.sql(quoted(active, column), type(active, column));
    }

    private ColumnType type(boolean active, String column) {
        ColumnType type =
                active ? activeTypes.get(column) : standbyTypes.get(pair.standbyColumn(column));
        if (type == null) {
            throw new AssertionError("no type for column " + column);
        }
        return type;
    }

    private Split split(Key key) {
        List<String> there = key.columns().stream().map(pair::standbyColumn).toList();
        Optional<Key> standbyKey =
                pair.standby().keys().stream().filter(k -> k.columns().equals(there)).findFirst();
        if (standbyKey.isEmpty() || !key.columns().stream().allMatch(this::sortsAlike)) {
            return Split.NONE;
        }
        return key.primary() && standbyKey.get().primary() ? Split.RANGES : Split.RANGES_AND_NULLS;
    }

    /// Where two servers sort differently no row escapes, each has its place in some range, but it
    /// would be missing in one and extra in another.
    private boolean sortsAlike(String column) {
        ColumnType active = type(true, column);
        ColumnType standby = type(false, column);
        boolean sameFamily =
                active.name().equals(standby.name())
                        || FAMILIES.stream()
                                .anyMatch(f ->
                                        f.contains(active.name()) && f.contains(standby.name()));
        return sameFamily
                && active.builtIn()
                && standby.builtIn()
                && ORDERED.contains(active.name())
                && active.order().isPresent()
                && active.order().equals(standby.order());
    }
}
