package dev.lockstep.testing;

import dev.lockstep.plans.sql.Db;
import java.util.List;

/// Settings that an operator may have given to a database or a role, and that must change nothing.
public final class Hostile {
    /// Name and value; those that a server does not know are left out.
    private static final List<String> SETTINGS =
            List.of(
                    "extra_float_digits=-15",
                    "datestyle=SQL, DMY",
                    "intervalstyle=sql_standard",
                    "bytea_output=escape",
                    "timezone=Asia/Kolkata",
                    "search_path=other, public",
                    "xmlbinary=hex",
                    "xmloption=document",
                    "standard_conforming_strings=off",
                    "backslash_quote=off",
                    "array_nulls=off",
                    "transform_null_equals=on",
                    "quote_all_identifiers=on",
                    "client_encoding=LATIN1",
                    "lc_monetary=C.UTF-8",
                    "default_text_search_config=pg_catalog.german",
                    "row_security=on",
                    "check_function_bodies=on",
                    "client_min_messages=debug1",
                    "exit_on_error=on",
                    "default_transaction_read_only=on",
                    "default_transaction_isolation=serializable",
                    "default_transaction_deferrable=on",
                    "session_replication_role=replica",
                    "synchronous_commit=off",
                    "statement_timeout=1",
                    "lock_timeout=1",
                    "idle_in_transaction_session_timeout=1",
                    "idle_session_timeout=100",
                    "transaction_timeout=1000",
                    "wal_sender_timeout=3000",
                    "logical_decoding_work_mem=64",
                    "vacuum_cost_delay=20",
                    "work_mem=64",
                    "jit=on",
                    "jit_above_cost=1000",
                    "plan_cache_mode=force_generic_plan",
                    "enable_indexscan=off",
                    "max_parallel_workers_per_gather=4",
                    "min_parallel_table_scan_size=0",
                    "default_toast_compression=pglz");

    private Hostile() {}

    /// Sets all of them for the database, every other one only for its user.
    public static void set(Db db) {
        String database = db.endpoint().database();
        List<String> known =
                db.call(session ->
                        session.rows("SELECT name FROM pg_settings", row -> row.text("name")));
        db.tx(session -> {
            boolean ofRole = false;
            for (String setting : SETTINGS) {
                String[] parts = setting.split("=", 2);
                if (known.stream().anyMatch(parts[0]::equalsIgnoreCase)) {
                    String whose = ofRole ? "ROLE CURRENT_USER IN DATABASE " : "DATABASE ";
                    String value =
                            parts[0].equals("search_path") ? parts[1] : Zoo.literal(parts[1]);
                    session.run(
                            "ALTER %s%s SET %s = %s".formatted(whose, database, parts[0], value));
                    ofRole = !ofRole;
                }
            }
        });
    }
}
