package dev.lockstep.orchestrator.schema;

import dev.lockstep.orchestrator.schema.SchemaDump.Section;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// Brings the schema of the source to an empty target: tables before the load, keys right after it,
/// all else when the rows are there.
///
/// `pg_restore` writes the SQL, and one session of ours runs it, a step a transaction. So a step is
/// there whole or not at all, dies with this process, and looks at what the target has under the
/// same lock under which it adds the rest. The server takes the text apart, nobody else.
///
/// Thread rule: one thread at a time. The work folder belongs to one run.
public final class SchemaCopy {
    private static final String LOCK =
            "SELECT pg_advisory_xact_lock(hashtext('lockstep schema copy'))";

    private static final String MEMORY =
            """
            SELECT set_config('maintenance_work_mem', '256MB', true)
              FROM pg_settings
             WHERE name = 'maintenance_work_mem' AND setting::bigint < 256 * 1024\
            """;

    /// Types of entries that fail where their object exists. The statements of all others have no
    /// effect a second time.
    private static final String[] NAMED = {
        "INDEX",
        "CONSTRAINT",
        "FK CONSTRAINT",
        "CHECK CONSTRAINT",
        "TRIGGER",
        "EVENT TRIGGER",
        "RULE",
        "POLICY",
        "STATISTICS"
    };

    /// Types of entries that go with another one.
    private static final String[] DEPENDENT = {
        "ACL", "COMMENT", "DEFAULT", "SECURITY LABEL", "TABLE ATTACH", "SEQUENCE OWNED BY"
    };

    private final Db source;
    private final Db target;
    private final SchemaExtent extent;
    private final SchemaCopyCheck checks;
    private final OutOfScope outOfScope;
    private final Renaming renaming;
    private final SchemaNames before;
    private final SchemaDump dump;

    /// `folder` holds the dump between the steps; where it is lost, it is made again.
    public SchemaCopy(Db source, Db target, SchemaExtent extent, Path folder) {
        this.source = source;
        this.target = target;
        this.extent = extent;
        this.checks = new SchemaCopyCheck(source, target, extent);
        this.outOfScope = new OutOfScope(extent.scope());
        this.renaming = new Renaming(extent.mapping());
        this.before = new SchemaNames(folder);
        this.dump = new SchemaDump(source, folder, this::tools, this::excluded);
    }

    /// Adds everything that stands in the way; changes nothing.
    public void check(Problems problems) {
        checks.check(problems);
        try (Session from = source.brief("schema check")) {
            outOfScope.check(from, problems);
        }
    }

    /// Creates the tables in scope and all that is no matter of rows. Does nothing where they are.
    public void restoreTables() {
        if (hasTables()) {
            return;
        }
        dump.make();
        List<TocEntry> entries = dump.entries(Section.PRE_DATA);
        step(session -> {
            if (!hasTables(session)) {
                run(session, "tables", tables(session, entries));
                renaming.give(session);
            }
        });
    }

    /// Creates the indexes by which changes name rows, on the tables that hold rows.
    public void restoreKeys() {
        List<TocEntry> all = dump.entries(Section.POST_DATA);
        add("keys", session -> dump.creates(missing(session, keys(all))));
    }

    /// Creates what is not there yet: other indexes and constraints, triggers, rules, policies, the
    /// rows of materialized views.
    public void restoreRest() {
        List<TocEntry> all = dump.entries(Section.POST_DATA);
        add("rest", session -> dump.creates(missing(session, all)));
        step(session -> run(session, "materialized views", refreshes(session)));
    }

    /// Drops what [#restoreTables] made, with everything that was built on it since. Only for a
    /// target that [#check] found free of these names: who owns them cannot be seen later.
    public void dropAll() {
        Set<TableName> wanted = extent.targetNames();
        try (Session session = target.session("schema copy")) {
            if (SchemaObjects.tables(session).stream().noneMatch(wanted::contains)) {
                return;
            }
        }
        List<TocEntry> entries = new ArrayList<>(dump.entries(Section.PRE_DATA));
        dump.entries(Section.POST_DATA).stream()
                .filter(entry -> entry.is("EVENT TRIGGER"))
                .forEach(entries::add);
        Set<String> names = names(entries, "SCHEMA");
        names.addAll(renaming.newSchemas());
        Set<String> extensions = names(entries, "EXTENSION");
        entries.removeIf(entry -> entry.is(DEPENDENT) || entry.is("SCHEMA", "EXTENSION"));
        String drops =
                dump.drops(entries) + before.dropExtensions(extensions) + before.dropSchemas(names);
        step(session -> {
            renaming.takeBack(session);
            run(session, "removal", drops + before.undoGrants(session));
        });
    }

    private String tables(Session session, List<TocEntry> entries) {
        Set<String> schemas = SchemaObjects.schemas(session);
        before.keep(session);
        Predicate<TocEntry> isThere =
                entry -> entry.is("SCHEMA") && schemas.contains(entry.schemaName());
        return dump.creates(entries.stream().filter(isThere.negate()).toList());
    }

    private static Set<String> names(List<TocEntry> entries, String type) {
        return entries.stream()
                .filter(entry -> entry.is(type))
                .map(TocEntry::schemaName)
                .collect(Collectors.toCollection(HashSet::new));
    }

    /// Entries of the change keys. One that the dump does not have, or has for another object, was
    /// made or replaced on the source in the meantime.
    private List<TocEntry> keys(List<TocEntry> all) {
        Map<String, TableName> wanted = new HashMap<>();
        try (Session from = source.session("schema copy")) {
            wanted.putAll(SchemaObjects.changeKeys(from, extent.tables()));
        }
        List<TocEntry> found =
                all.stream()
                        .filter(entry -> entry.is("INDEX", "CONSTRAINT"))
                        .filter(entry -> wanted.remove(entry.object()) != null)
                        .toList();
        if (!wanted.isEmpty()) {
            throw new LockstepException(
                    Fault.PRECONDITION,
                    "the key of %s on \"%s\" was created after the schema was read from there;"
                                    .formatted(wanted.values().iterator().next(), source.label())
                            + " abort the run and start it again");
        }
        return found;
    }

    private List<TocEntry> missing(Session session, List<TocEntry> entries) {
        List<TocEntry> named = entries.stream().filter(SchemaCopy::failsTwice).toList();
        Set<String> present;
        try (Session from = source.session("schema copy")) {
            present = SchemaObjects.present(from, session, named);
        }
        return entries.stream()
                .filter(entry -> !failsTwice(entry) || !present.contains(entry.object()))
                .toList();
    }

    /// A view that needs a table's key is created empty first and replaced after the load; that is
    /// a rule in the dump, though one that may be run again.
    private static boolean failsTwice(TocEntry entry) {
        return entry.is(NAMED) && !entry.is("INDEX ATTACH") && !entry.isView();
    }

    private String refreshes(Session session) {
        try (Session from = source.session("schema copy")) {
            return SchemaObjects.unrefreshed(from, session).stream()
                    .map(view -> "REFRESH MATERIALIZED VIEW %s;\n".formatted(view.sql()))
                    .collect(Collectors.joining());
        }
    }

    /// Adds to the tables what the dump knows under the source's names.
    private void add(String name, Function<Session, String> script) {
        step(session -> {
            renaming.takeBack(session);
            run(session, name, script.apply(session));
            renaming.give(session);
        });
    }

    /// Does `work` whole or not at all.
    private void step(Consumer<Session> work) {
        try (Session session = target.session("schema copy")) {
            session.begin();
            session.run(LOCK);
            session.run(MEMORY);
            work.accept(session);
            session.commit();
        }
    }

    private static void run(Session session, String step, String sql) {
        if (!sql.isEmpty()) {
            ServerScript.run(session, step, sql);
        }
    }

    private boolean hasTables() {
        try (Session session = target.session("schema copy")) {
            return hasTables(session);
        }
    }

    private boolean hasTables(Session session) {
        return SchemaObjects.tables(session).containsAll(extent.targetNames());
    }

    private PgTools tools() {
        try (Session from = source.session("schema copy");
                Session to = target.session("schema copy")) {
            return PgTools.find(from.serverMajor(), to.serverMajor());
        }
    }

    private Collection<String> excluded() {
        try (Session from = source.session("schema copy")) {
            return outOfScope.relations(from).stream().map(TableName::sql).toList();
        }
    }
}
