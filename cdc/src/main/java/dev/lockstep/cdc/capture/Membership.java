package dev.lockstep.cdc.capture;

import dev.lockstep.plans.sql.Ident;
import dev.lockstep.plans.sql.Session;
import java.util.List;
import java.util.Optional;

/// What a publication sends, noted in its comment. Whoever alters it, and be it for a moment,
/// leaves other catalog rows behind, and what was changed meanwhile was not sent; nothing else
/// tells.
record Membership(String publication) {
    /// The row of the publication itself, as `0`, and those of its tables: an option that is set,
    /// also back, and a name make a new row, as does a table that comes back or gets a filter.
    private static final String PRESENT =
            """
            SELECT entry.of, entry.what FROM pg_publication p CROSS JOIN LATERAL (
                SELECT 0 AS of, p.oid || '.' || p.xmin AS what
                 UNION ALL
                SELECT prrelid, r.oid || '.' || r.xmin
                  FROM pg_publication_rel r WHERE prpubid = p.oid) AS entry
             WHERE pubname = ?\
            """;

    private static final String TEXT =
            "SELECT string_agg(of || ' ' || what, E'\\n' ORDER BY of) FROM (%s) AS present"
                    .formatted(PRESENT);

    private static final String ALTERED =
            """
            WITH present AS (%s), noted AS (
                SELECT split_part(line, ' ', 1)::oid AS of, split_part(line, ' ', 2) AS what
                  FROM pg_publication p,
                       string_to_table(obj_description(p.oid, 'pg_publication'), E'\\n') AS line
                 WHERE pubname = ? AND line ~ '^[0-9]+ [0-9]+[.][0-9]+$')
            SELECT CASE WHEN EXISTS (SELECT FROM present)
                        THEN 'it was made anew, or its comment, where its tables are noted, is gone'
                        ELSE 'it was dropped' END AS how
             WHERE NOT EXISTS (SELECT FROM noted)
             UNION ALL
            SELECT CASE WHEN c.oid IS NULL THEN 'its options, name or owner were altered'
                        ELSE format('table %%s was taken out of it, or filtered', c.oid::regclass)
                   END
              FROM noted n LEFT JOIN pg_class c ON c.oid = n.of
             WHERE (n.of = 0 OR c.oid IS NOT NULL)
               AND NOT EXISTS (SELECT FROM present p WHERE p.of = n.of AND p.what = n.what)\
            """
                    .formatted(PRESENT);

    /// Notes it as it is.
    void note(Session session) {
        session.run(
                "COMMENT ON PUBLICATION %s IS %s"
                        .formatted(
                                new Ident(publication),
                                Ident.literal(session.one(TEXT, publication))));
    }

    /// How it was altered since it was noted, if it was. Tables that have come or are gone make no
    /// difference.
    Optional<String> alteration(Session session) {
        List<String> all = session.rows(ALTERED, row -> row.text("how"), publication, publication);
        return all.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", all));
    }
}
