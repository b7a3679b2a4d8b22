package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.capture.Slot;
import dev.lockstep.orchestrator.gate.Gate;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.schema.SchemaCopy;
import dev.lockstep.plans.catalog.Column;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Whether both databases are as a run needs them, before anything is changed. Reads only; every
/// problem is found before any is reported.
public final class Preflight {
    private static final int MAJOR_MIN = 14;
    private static final String READABLE =
            "SELECT has_table_privilege(?, 'SELECT') AND NOT row_security_active(?)";

    /// Tells one database from every other, on whatever server.
    public static final String IDENTITY =
            """
            SELECT system_identifier || '/' || (SELECT oid FROM pg_database
                                                 WHERE datname = current_database())
              FROM pg_control_system()\
            """;

    private final Plan plan;
    private final Db source;
    private final Db target;
    private final Problems problems = new Problems();

    public Preflight(Plan plan, Db source, Db target) {
        this.plan = plan;
        this.source = source;
        this.target = target;
    }

    /// Fails with everything that is in the way.
    public void check() {
        try (Session from = source.brief("preflight");
                Session to = target.brief("preflight")) {
            boolean sameServer = checkDistinct(from, to);
            ServerCheck.check(from, sameServer ? 2 : 1, problems);
            ServerCheck.check(to, sameServer ? 2 : 1, problems);
            checkVersions(from, to);
            checkNames(from);
            Gate.check(plan, Side.SOURCE, problems);
            Moved moved = Moved.read(plan, source, target);
            checkSource(moved, from);
            if (plan.schema().copy() == Plan.Schema.Copy.AUTO) {
                new SchemaCopy(source, target, moved.extent(), plan.folder()).check(problems);
            } else if (plan.schema().expand().isEmpty()) {
                checkTarget(moved, to, problems);
            }
        }
        problems.throwIfAny(
                Fault.PRECONDITION,
                "run \"%s\" cannot start; nothing was changed".formatted(plan.name()));
    }

    private boolean checkDistinct(Session from, Session to) {
        String a = from.one(IDENTITY);
        String b = to.one(IDENTITY);
        if (a.equals(b)) {
            problems.add(
                    "source and target are the same database \"%s\"; the target must be another one"
                            .formatted(source.label()));
        }
        return a.split("/", -1)[0].equals(b.split("/", -1)[0]);
    }

    private void checkVersions(Session from, Session to) {
        for (Session session : List.of(from, to)) {
            if (session.serverMajor() < MAJOR_MIN) {
                problems.add(
                        "database \"%s\" is PostgreSQL %d; %d or later is needed"
                                .formatted(session.label(), session.serverMajor(), MAJOR_MIN));
            }
            String encoding = session.one("SHOW server_encoding");
            if (!encoding.equals("UTF8")) {
                problems.add(
                        "database \"%s\" has encoding %s; only UTF8 can be moved"
                                .formatted(session.label(), encoding));
            }
        }
    }

    private void checkNames(Session from) {
        Slot slot = new Slot(plan.name(), 0);
        if (slot.state(from).isPresent() || slot.isPublished(from)) {
            problems.add(
                    ("name in use: slot or publication \"%1$s\" is on \"%2$s\" already, from a "
                                    + "run to another target; give the plan another name, or "
                                    + "abort that run; where its target is gone: SELECT"
                                    + " pg_drop_replication_slot('%1$s'); DROP PUBLICATION %1$s")
                            .formatted(slot.name(), source.label()));
        }
    }

    private void checkSource(Moved moved, Session from) {
        if (moved.source().rowTables().isEmpty()) {
            problems.add(
                    "no table of \"%s\" is in scope: tables.include is %s, tables.exclude is %s"
                            .formatted(
                                    source.label(),
                                    plan.scope().include(),
                                    plan.scope().exclude()));
        }
        ServerCheck.checkRowSecurity(from, moved.tables(Side.SOURCE), problems);
        for (Table table : moved.source().rowTables()) {
            if (table.writtenColumns().isEmpty()) {
                problems.add(
                        "table \"%s\" has no columns to be carried; exclude it"
                                .formatted(table.name()));
            }
            if (!table.logged()) {
                problems.add(
                        ("table \"%s\" is UNLOGGED, so its changes are not in the WAL; ALTER "
                                        + "TABLE %s SET LOGGED, or exclude it")
                                .formatted(table.name(), table.name().sql()));
            }
            if (!table.hasUsableIdentity()) {
                problems.add(unusableIdentity(table));
            }
        }
        ServerCheck.checkOwner(from, moved.relations(Side.SOURCE), problems);
        ServerCheck.checkTriggers(from, moved.tables(Side.SOURCE), problems);
        WayBack.checkWritable(from, moved.tables(Side.SOURCE), problems);
        Fences.check(from, moved.tables(Side.SOURCE), problems);
        checkMapping(moved);
        checkMask(moved);
    }

    private static String unusableIdentity(Table table) {
        String name = table.name().sql();
        String remedy =
                table.hasVirtual()
                        ? ("have changes name its rows by a primary key (ALTER TABLE %s REPLICA"
                                        + " IDENTITY DEFAULT) or a unique index (USING INDEX), of"
                                        + " columns that are not computed, or exclude it: as it has"
                                        + " virtual columns, REPLICA IDENTITY FULL does not do")
                                .formatted(name)
                        : ("add a primary key, or ALTER TABLE %s REPLICA IDENTITY FULL, or exclude"
                                        + " it")
                                .formatted(name);
        return ("table \"%s\" has no usable replica identity: published, it would refuse UPDATE"
                        + " and DELETE; %s")
                .formatted(table.name(), remedy);
    }

    private void checkMapping(Moved moved) {
        plan.mapping()
                .rules()
                .forEach((mapped, rule) -> {
                    Optional<Table> table = moved.source().table(mapped);
                    if (table.isEmpty()) {
                        problems.add(
                                ("tables.mappings names \"%s\", which is not among the source's "
                                                + "tables in scope")
                                        .formatted(mapped));
                    }
                    table.ifPresent(found -> checkColumns(found, rule.columns()));
                });
        Map<TableName, TableName> origins = new HashMap<>();
        for (TableName name : moved.tables(Side.SOURCE)) {
            TableName earlier = origins.putIfAbsent(moved.targetName(name), name);
            if (earlier != null) {
                problems.add(
                        "two tables of the source would be \"%s\" on the target: \"%s\" and \"%s\""
                                        .formatted(moved.targetName(name), earlier, name)
                                + "; mend tables.mappings");
            }
        }
    }

    /// A column that is not there is a slip, and what was meant would be shown.
    private void checkMask(Moved moved) {
        Set<String> columns = new HashSet<>();
        for (Table table : moved.source().tables().values()) {
            for (Column column : table.columns()) {
                String there = moved.targetName(table.name(), column.name());
                columns.add(table.name() + "." + column.name());
                columns.add(moved.targetName(table.name()) + "." + there);
            }
        }
        plan.verify().mask().names().stream()
                .filter(name -> !columns.contains(name))
                .forEach(name ->
                        problems.add(
                                ("verify.mask names \"%s\", and neither side has such a column of"
                                                + " a table in scope; give it as"
                                                + " schema.table.column")
                                        .formatted(name)));
    }

    private void checkColumns(Table table, Map<String, String> mapped) {
        mapped.forEach((column, name) -> {
            if (table.column(column).isEmpty()) {
                problems.add(
                        "tables.mappings names column \"%s\" of \"%s\", which has no such column"
                                .formatted(column, table.name()));
            }
            if (table.column(name).isPresent() && !mapped.containsKey(name)) {
                problems.add(
                        "two columns of \"%s\" would be \"%s\" on the target; mend tables.mappings"
                                .formatted(table.name(), name));
            }
        });
    }

    /// Whether the target's tables can take the source's rows, and have none yet.
    public static void checkTarget(Moved moved, Session to, Problems problems) {
        for (Table table : moved.source().rowTables()) {
            TableName name = moved.targetName(table.name());
            Optional<Table> partner = moved.target().table(name);
            if (partner.isEmpty()) {
                problems.add(
                        ("table \"%s\" is missing on target \"%s\"; create it, or set "
                                        + "schema.copy: auto")
                                .formatted(name, to.label()));
            } else if (partner.get().partitioned()) {
                problems.add(
                        ("table \"%s\" is partitioned on target \"%s\" and not on the "
                                        + "source; both must have the same partitions")
                                .formatted(name, to.label()));
            } else {
                checkColumns(moved, table, partner.get(), problems);
                checkEmpty(to, name, problems);
            }
        }
        ServerCheck.checkOwner(to, moved.relations(Side.TARGET), problems);
        ServerCheck.checkRowSecurity(to, moved.tables(Side.TARGET), problems);
        ServerCheck.checkTriggers(to, moved.tables(Side.TARGET), problems);
        WayBack.checkWritable(to, moved.tables(Side.TARGET), problems);
        Fences.check(to, moved.tables(Side.TARGET), problems);
        SequenceCheck.check(moved, to, problems);
    }

    private static void checkColumns(Moved moved, Table table, Table partner, Problems problems) {
        TableCheck.columns(table, partner, moved, problems);
        if (!partner.hasUsableIdentity()) {
            problems.add(
                    ("table \"%s\" has no usable replica identity on the target, so there "
                                    + "would be no way back; give it the source's key or REPLICA "
                                    + "IDENTITY FULL")
                            .formatted(partner.name()));
        }
    }

    /// Where the user may not read it, or not all of it, that is asked for elsewhere.
    private static void checkEmpty(Session to, TableName name, Problems problems) {
        boolean readable = to.flag(READABLE, name.sql(), name.sql());
        if (readable && to.flag("SELECT EXISTS (SELECT FROM %s)".formatted(name.sql()))) {
            problems.add(
                    "table \"%s\" on target \"%s\" is not empty; empty it, or exclude it"
                            .formatted(name, to.label()));
        }
    }
}
