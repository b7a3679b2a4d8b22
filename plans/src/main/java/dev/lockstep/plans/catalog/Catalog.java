package dev.lockstep.plans.catalog;

import dev.lockstep.plans.sql.Row;
import dev.lockstep.plans.sql.Session;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// The tables and sequences of one database that a plan is about, at one moment.
public record Catalog(Map<TableName, Table> tables, List<Sequence> sequences) {
    private static final String TABLES =
            """
            SELECT n.nspname, c.relname, c.relreplident::text AS identity,
                   c.relkind = 'p' AS partitioned, c.relpersistence = 'p' AS logged,
                   c.reltuples::bigint AS rows,
                   %s AS bytes,
                   rn.nspname AS root_schema, r.relname AS root_name
              FROM pg_class c
              JOIN pg_namespace n ON n.oid = c.relnamespace
              LEFT JOIN pg_class r ON c.relispartition AND r.oid = pg_partition_root(c.oid)
              LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
             WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
               AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                                AND d.objid = c.oid AND d.deptype = 'e')
               %s
             ORDER BY 1, 2\
            """;

    /// Waits for whoever has a table to himself.
    private static final String SIZE =
            "CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_table_size(c.oid) END";

    private static final String COLUMNS =
            """
            SELECT n.nspname, c.relname, a.attname, a.attnum,
                   format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
                   a.attgenerated::text AS generated, a.attidentity <> '' AS identity
              FROM pg_attribute a
              JOIN pg_class c ON c.oid = a.attrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
               AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
               %s
             ORDER BY 1, 2, a.attnum\
            """;

    private static final String KEYS =
            """
            SELECT n.nspname, c.relname, i.relname AS index, x.indisprimary, x.indisreplident,
                   x.indimmediate AND k.certain AS identifies, k.columns
              FROM pg_index x
              JOIN pg_class c ON c.oid = x.indrelid
              JOIN pg_class i ON i.oid = x.indexrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
             CROSS JOIN LATERAL (
                    SELECT bool_and(a.attnotnull AND a.attgenerated = '') AS certain,
                           array_agg(a.attname::text ORDER BY u.position) AS columns
                      FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS u (attnum, position)
                      JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.attnum
                     WHERE u.position <= x.indnkeyatts) AS k
             WHERE x.indisunique AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL
               AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
               %s
             ORDER BY 1, 2, 4 DESC, 3\
            """;

    private static final String SEQUENCES =
            """
            WITH feed AS (
                SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number,
                       true AS owned
                  FROM pg_depend d
                 WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                   AND d.deptype IN ('a', 'i')
                 UNION ALL
                SELECT d.refobjid, f.adrelid, f.adnum, false
                  FROM pg_depend d
                  JOIN pg_attrdef f ON f.oid = d.objid
                 WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass)
            SELECT n.nspname, c.relname,
                   min(tn.nspname) FILTER (WHERE f.owned) AS owner_schema,
                   min(t.relname) FILTER (WHERE f.owned) AS owner_name,
                   array_agg(tn.nspname::text) FILTER (WHERE a.attname IS NOT NULL) AS schemas,
                   array_agg(t.relname::text) FILTER (WHERE a.attname IS NOT NULL) AS tables,
                   array_agg(a.attname::text) FILTER (WHERE a.attname IS NOT NULL) AS columns
              FROM pg_sequence s
              JOIN pg_class c ON c.oid = s.seqrelid
              JOIN pg_namespace n ON n.oid = c.relnamespace
              LEFT JOIN feed f ON f.sequence = c.oid
              LEFT JOIN pg_class t ON t.oid = f.relation
              LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
              LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = f.number
             WHERE c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%'
             GROUP BY 1, 2
             ORDER BY 1, 2\
            """;

    /// Reads everything in `scope`. A sequence follows the tables that it feeds; one that no table
    /// owns is in scope by its own name, too.
    public static Catalog read(Session session, Scope scope) {
        Map<TableName, Table> tables = new TreeMap<>();
        for (Table table : tables(session, "")) {
            if (scope.covers(table)) {
                tables.put(table.name(), table);
            }
        }
        return new Catalog(new LinkedHashMap<>(tables), sequences(session, scope, tables));
    }

    /// Reads which tables, and where they are wanted, which sequences there are in `scope`; tables
    /// come without columns, keys and size. It is quick, and waits for nobody's lock.
    public static Catalog outline(Session session, Scope scope, boolean sequences) {
        Map<TableName, Table> tables = new TreeMap<>();
        for (Table table : session.rows(TABLES.formatted("0", ""), Catalog::table)) {
            if (scope.covers(table)) {
                tables.put(table.name(), table);
            }
        }
        return new Catalog(
                new LinkedHashMap<>(tables),
                sequences ? sequences(session, scope, tables) : List.of());
    }

    private static List<Sequence> sequences(
            Session session, Scope scope, Map<TableName, Table> tables) {
        return session.rows(SEQUENCES, Catalog::sequence).stream()
                .filter(s -> isInScope(s, scope, tables))
                .toList();
    }

    /// Reads one table.
    public static Optional<Table> readTable(Session session, TableName name) {
        return tables(session, "AND n.nspname = ? AND c.relname = ?", name.schema(), name.name())
                .stream()
                .findFirst();
    }

    private static List<Table> tables(Session session, String filter, Object... parameters) {
        Map<TableName, List<Column>> columns = columns(session, filter, parameters);
        Map<TableName, List<Key>> keys = keys(session, filter, parameters);
        return session.rows(TABLES.formatted(SIZE, filter), Catalog::table, parameters).stream()
                .map(bare ->
                        new Table(
                                bare.name(),
                                columns.getOrDefault(bare.name(), List.of()),
                                keys.getOrDefault(bare.name(), List.of()),
                                bare.replicaIdentity(),
                                bare.partitioned(),
                                bare.root(),
                                bare.logged(),
                                bare.rowsEstimated(),
                                bare.bytes()))
                .toList();
    }

    /// The tables that hold rows themselves: ordinary ones and partitions.
    public List<Table> rowTables() {
        return tables.values().stream().filter(t -> !t.partitioned()).toList();
    }

    public Optional<Table> table(TableName name) {
        return Optional.ofNullable(tables.get(name));
    }

    private static boolean isInScope(Sequence sequence, Scope scope, Map<TableName, Table> tables) {
        return sequence.feeds().stream().anyMatch(feed -> tables.containsKey(feed.table()))
                || (sequence.ownedBy().isEmpty() && scope.covers(sequence.name()));
    }

    private static Table table(Row row) throws SQLException {
        Optional<String> rootName = row.maybeText("root_name");
        Optional<TableName> root =
                rootName.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new TableName(row.text("root_schema"), rootName.get()));
        return new Table(
                nameIn(row),
                List.of(),
                List.of(),
                ReplicaIdentity.of(row.text("identity")),
                row.flag("partitioned"),
                root,
                row.flag("logged"),
                row.number("rows"),
                row.number("bytes"));
    }

    private static Map<TableName, List<Column>> columns(
            Session session, String filter, Object... parameters) {
        record Found(TableName table, Column column) {}
        return session
                .rows(
                        COLUMNS.formatted(filter),
                        row ->
                                new Found(
                                        nameIn(row),
                                        new Column(
                                                row.text("attname"),
                                                (int) row.number("attnum"),
                                                row.text("type"),
                                                row.flag("attnotnull"),
                                                generation(row.text("generated")),
                                                row.flag("identity"))),
                        parameters)
                .stream()
                .collect(
                        Collectors.groupingBy(
                                Found::table,
                                Collectors.mapping(Found::column, Collectors.toList())));
    }

    private static Column.Generation generation(String code) {
        return switch (code) {
            case "" -> Column.Generation.NONE;
            case "v" -> Column.Generation.VIRTUAL;
            default -> Column.Generation.STORED;
        };
    }

    private static Map<TableName, List<Key>> keys(
            Session session, String filter, Object... parameters) {
        record Found(TableName table, Key key) {}
        return session
                .rows(
                        KEYS.formatted(filter),
                        row ->
                                new Found(
                                        nameIn(row),
                                        new Key(
                                                row.text("index"),
                                                row.texts("columns"),
                                                row.flag("indisprimary"),
                                                row.flag("identifies"),
                                                row.flag("indisreplident"))),
                        parameters)
                .stream()
                .collect(
                        Collectors.groupingBy(
                                Found::table, Collectors.mapping(Found::key, Collectors.toList())));
    }

    private static Sequence sequence(Row row) throws SQLException {
        Optional<String> owner = row.maybeText("owner_name");
        List<String> schemas = row.texts("schemas");
        List<String> tables = row.texts("tables");
        List<String> columns = row.texts("columns");
        Set<Sequence.Feed> feeds = new HashSet<>();
        for (int i = 0; i < tables.size(); i++) {
            TableName table = new TableName(schemas.get(i), tables.get(i));
            feeds.add(new Sequence.Feed(table, columns.get(i)));
        }
        return new Sequence(
                nameIn(row),
                owner.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new TableName(row.text("owner_schema"), owner.get())),
                feeds);
    }

    private static TableName nameIn(Row row) throws SQLException {
        return new TableName(row.text("nspname"), row.text("relname"));
    }
}
