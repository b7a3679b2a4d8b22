package dev.lockstep.orchestrator.cli;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.util.ArrayList;
import java.util.List;

/// Schema, privileges and settings of a database as text, a line a fact, read with no SQL of the
/// product's.
final class CatalogText {
    private static final String NAMES =
            """
            SELECT oid FROM pg_namespace
             WHERE nspname !~ '^(pg_|information_schema$|lockstep$)'\
            """;

    private static final List<String> FACTS =
            List.of(
                    """
                    SELECT concat_ws(' ', 'database', pg_get_userbyid(datdba), datacl,
                                     datconnlimit, datallowconn,
                                     shobj_description(oid, 'pg_database'))
                      FROM pg_database WHERE datname = current_database()
                    """,
                    """
                    SELECT concat_ws(' ', 'setting', setrole::regrole, setconfig)
                      FROM pg_db_role_setting
                     WHERE setdatabase IN (0, (SELECT oid FROM pg_database
                                                WHERE datname = current_database()))
                    """,
                    """
                    SELECT concat_ws(' ', 'role', rolname, rolsuper, rolinherit, rolcreaterole,
                                     rolcanlogin, rolreplication, rolbypassrls)
                      FROM pg_roles WHERE rolname LIKE 'as_before%'
                    """,
                    """
                    SELECT concat_ws(' ', 'member', roleid::regrole, member::regrole, admin_option)
                      FROM pg_auth_members WHERE roleid::regrole::text LIKE 'as_before%'
                    """,
                    """
                    SELECT concat_ws(' ', 'schema', nspname, pg_get_userbyid(nspowner), nspacl)
                      FROM pg_namespace WHERE oid IN (NAMES)
                    """,
                    """
                    SELECT concat_ws(' ', 'class', oid::regclass, relkind, relpersistence,
                                     pg_get_userbyid(relowner), relacl, relreplident, reloptions,
                                     relrowsecurity, relforcerowsecurity, relispartition,
                                     pg_get_expr(relpartbound, oid), reltablespace)
                      FROM pg_class WHERE relnamespace IN (NAMES)
                    """,
                    """
                    SELECT concat_ws(' ', 'column', attrelid::regclass, attnum, attname,
                                     format_type(atttypid, atttypmod), attnotnull, attidentity,
                                     attgenerated, attstorage, attcompression, attacl, attoptions,
                                     attstattarget, attcollation, attisdropped,
                                     pg_get_expr(d.adbin, d.adrelid))
                      FROM pg_attribute
                      JOIN pg_class c ON c.oid = attrelid
                      LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
                     WHERE attnum > 0 AND c.relnamespace IN (NAMES)
                    """,
                    """
                    SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, convalidated,
                                     pg_get_constraintdef(oid))
                      FROM pg_constraint WHERE connamespace IN (NAMES)
                    """,
                    """
                    SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid,
                                     indisreplident, indisclustered)
                      FROM pg_index JOIN pg_class c ON c.oid = indrelid
                     WHERE c.relnamespace IN (NAMES)
                    """,
                    """
                    SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), tgenabled)
                      FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
                     WHERE NOT tgisinternal AND c.relnamespace IN (NAMES)
                    """,
                    """
                    SELECT concat_ws(' ', 'event trigger', evtname, evtenabled)
                      FROM pg_event_trigger
                    """,
                    """
                    SELECT concat_ws(' ', 'rule', pg_get_ruledef(r.oid), ev_enabled)
                      FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
                     WHERE c.relnamespace IN (NAMES)
                    """,
                    """
                    SELECT concat_ws(' ', 'policy', polrelid::regclass, polname, polcmd)
                      FROM pg_policy
                    """,
                    """
                    SELECT concat_ws(' ', 'function', oid::regprocedure, proacl, prosrc)
                      FROM pg_proc WHERE pronamespace IN (NAMES)
                    """,
                    """
                    SELECT concat_ws(' ', 'type', oid::regtype, typacl, typtype)
                      FROM pg_type WHERE typnamespace IN (NAMES) AND typname NOT LIKE '\\_%'
                    """,
                    """
                    SELECT concat_ws(' ', 'sequence', seqrelid::regclass, seqstart, seqincrement,
                                     seqmin, seqmax, seqcache, seqcycle)
                      FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
                     WHERE c.relnamespace IN (NAMES)
                    """,
                    """
                    SELECT concat_ws(' ', 'publication', pubname, puballtables,
                                     (SELECT string_agg(prrelid::regclass::text, ',')
                                        FROM pg_publication_rel WHERE prpubid = p.oid))
                      FROM pg_publication p
                    """,
                    """
                    SELECT concat_ws(' ', 'slot', slot_name, plugin) FROM pg_replication_slots
                     WHERE database = current_database()
                    """,
                    """
                    SELECT concat_ws(' ', 'default privilege', defaclrole::regrole,
                                     defaclnamespace::regnamespace, defaclobjtype, defaclacl)
                      FROM pg_default_acl
                    """,
                    """
                    SELECT concat_ws(' ', 'comment', pg_describe_object(classoid, objoid, objsubid),
                                     description)
                      FROM pg_description WHERE objoid >= 16384
                    """,
                    // Of the whole server; users of tests beside this one come and go.
                    """
                    SELECT concat_ws(' ', 'parameter', parname, grantee::regrole, privilege_type)
                      FROM pg_parameter_acl CROSS JOIN LATERAL aclexplode(paracl)
                     WHERE grantee::regrole::text NOT LIKE 'mover_of_%'
                    """,
                    "SELECT concat_ws(' ', 'extension', extname, extversion) FROM pg_extension",
                    """
                    SELECT concat_ws(' ', 'statistics', stxname, stxrelid::regclass)
                      FROM pg_statistic_ext
                    """);

    private static final String SEQUENCES =
            """
            SELECT c.oid::regclass::text AS name FROM pg_class c
             WHERE relkind = 'S' AND relnamespace IN (NAMES) ORDER BY 1\
            """
                    .replace("NAMES", NAMES);

    private CatalogText() {}

    /// Everything but rows and what sequences have given.
    static List<String> of(Db db) {
        try (Session session = db.session("test")) {
            return FACTS.stream()
                    .map(facts -> facts.replace("NAMES", NAMES))
                    .flatMap(facts -> session.rows(facts, row -> row.textAt(1).orElse("")).stream())
                    .sorted()
                    .toList();
        }
    }

    /// Where sequences stand.
    static List<String> sequences(Db db) {
        try (Session session = db.session("test")) {
            List<String> found = new ArrayList<>();
            for (String name : session.rows(SEQUENCES, row -> row.text("name"))) {
                found.add(
                        session.one(
                                "SELECT concat_ws(' ', '%1$s', last_value, is_called) FROM %1$s"
                                        .formatted(name)));
            }
            return found;
        }
    }
}
