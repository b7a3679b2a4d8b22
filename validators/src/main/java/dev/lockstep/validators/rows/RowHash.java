package dev.lockstep.validators.rows;

import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.SessionPair;
import java.util.List;

/// How a row becomes a number of 64 bits.
enum RowHash {
    /// By the functions that hash joins use. Several times quicker, but PostgreSQL promises nothing
    /// about them across versions, machines and encodings.
    NATIVE("hash_record_extended(ROW(%s), 0)", "hashint8extended(%s, 1)"),
    /// By SHA-256 of the row's text; a NULL is empty there, and an empty text is `""`. Not MD5: a
    /// server in FIPS mode has none.
    PORTABLE(
            "('x' || left(encode(sha256(convert_to(ROW(%s)::text, 'UTF8')), 'hex'), 16))"
                    + "::bit(64)::bigint",
            "%s");

    /// One value of each kind that goes into a hash as it is.
    private static final String PROBE =
            """
            true, -7::int2, 2147483647, 4000000000::oid, '\\x00ff10'::bytea, date '2026-02-28',
            'x'::"char", 'a b'::text COLLATE "C", NULL::text, ''::text COLLATE "C",
            '6f9619ff-8b86-d011-b42d-00cf4fc964ff'::uuid, int8send(-5000000000),
            numeric_send(-1234567890.1200), timestamp_send('2026-02-28 12:34:56.789012'),
            interval_send('1 mon 1 day 1 us'), format('%L', 1.5e-7::float8),
            format('%L', -1.5::float4)\
            """;

    private static final String PROBE_QUERY = "SELECT %s || ' ' || %s";

    private final String row;
    private final String mixed;

    RowHash(String row, String mixed) {
        this.row = row;
        this.mixed = mixed;
    }

    /// The hash of a row of these expressions.
    String of(List<String> forms) {
        return row.formatted(String.join(", ", forms));
    }

    /// A second hash of a row's hash, to be summed beside it.
    ///
    /// PostgreSQL adds up the hashes of a row's fields, each times a power of 31. Sums of such sums
    /// are blind: when two rows swap the values of a column, nothing changes. This one is not a sum
    /// of anything, so it changes.
    String mixed(String hash) {
        return mixed.formatted(hash);
    }

    /// The quickest way that gives the same on both servers, as shown by hashing the same values on
    /// both.
    static RowHash commonTo(SessionPair sessions) {
        String encoding = "SHOW server_encoding";
        boolean sameBytes =
                sessions.active().one(encoding).equals(sessions.standby().one(encoding));
        return sameBytes && probe(sessions.active()).equals(probe(sessions.standby()))
                ? NATIVE
                : PORTABLE;
    }

    private static String probe(Session session) {
        String hash = NATIVE.row.formatted(PROBE);
        return session.one(PROBE_QUERY.formatted(hash, NATIVE.mixed.formatted(hash)));
    }
}
