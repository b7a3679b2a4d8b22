package dev.lockstep.cdc.backfill;

import java.util.Set;
import java.util.regex.Pattern;

/// Built-in types whose binary COPY form is the same on every server: it holds no OID, as that of
/// arrays and rows does, and no label or setting that a server could have its own idea of. All
/// others travel as text.
final class BinaryTypes {
    private static final Pattern MODIFIER = Pattern.compile("\\([^)]*\\)");

    private static final Set<String> STABLE =
            Set.of(
                    "boolean",
                    "smallint",
                    "integer",
                    "bigint",
                    "real",
                    "double precision",
                    "numeric",
                    "text",
                    "character varying",
                    "character",
                    "bpchar",
                    "bytea",
                    "date",
                    "time without time zone",
                    "time with time zone",
                    "timestamp without time zone",
                    "timestamp with time zone",
                    "uuid",
                    "json",
                    "jsonb",
                    "inet",
                    "cidr",
                    "macaddr",
                    "macaddr8",
                    "bit",
                    "bit varying",
                    "pg_lsn");

    private BinaryTypes() {}

    /// Whether `type`, as `format_type` spells it, is one of them.
    static boolean contains(String type) {
        return STABLE.contains(MODIFIER.matcher(type).replaceAll(""));
    }
}
