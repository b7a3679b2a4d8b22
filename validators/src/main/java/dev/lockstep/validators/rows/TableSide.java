package dev.lockstep.validators.rows;

import dev.lockstep.plans.catalog.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The statements that read one side of a pair. Both sides' have the same shape; only names differ.
///
/// @param from the table, as in a FROM clause
/// @param columns the compared columns' quoted names, in the active table's order
/// @param forms the same columns in the form in which they are hashed
/// @param key the key columns' quoted names; empty where the table has none
/// @param keyForms the same columns as they are hashed
/// @param bounds the types to which the bounds of a key range are cast
/// @param lookups for each of the key's columns how a text is looked up in it
record TableSide(
        String from,
        List<String> columns,
        List<String> forms,
        List<String> key,
        List<String> keyForms,
        List<String> bounds,
        List<Lookup> lookups,
        RowHash hash) {
    /// OFFSET 0 keeps the planner from pulling the subquery up, which would hash each row twice.
    private static final String DIGEST =
            """
            SELECT %s AS bucket, count(*) AS rows, coalesce(sum(h), 0) AS sum,
                   coalesce(sum(%s), 0) AS mixed
              FROM (SELECT %s AS k, %s AS h FROM %s WHERE %s OFFSET 0) AS hashed
             GROUP BY 1\
            """;

    private static final String HASHES =
            """
            SELECT k, h, count(*) AS rows
              FROM (SELECT %s AS k, %s AS h FROM %s WHERE %s OFFSET 0) AS hashed
             WHERE %s
             GROUP BY k, h ORDER BY k, h\
            """;

    private static final String ROWS =
            """
            SELECT %6$s %1$s AS k, ARRAY[%2$s]::text[] AS key, ARRAY[%3$s]::text[] AS hashes
              FROM %4$s WHERE %5$s AND %1$s = ANY(?::bigint[])\
            """;

    /// Without a key all rows that are the same have one hash.
    private static final String ONE_OF_EACH = "DISTINCT ON (%s)";

    /// The type's own text, and how long it is; only NULL itself is NULL, not a row of NULLs.
    private static final String TEXT =
            "CASE WHEN %1$s IS DISTINCT FROM NULL THEN format('%%s', %1$s) END";

    private static final String LENGTH =
            "CASE WHEN %1$s IS DISTINCT FROM NULL THEN length(format('%%s', %1$s)) ELSE -1 END";

    private static final String VALUES =
            "SELECT ARRAY[%s]::text[] AS found FROM %s WHERE %s AND %s = ?::bigint LIMIT 1";

    private static final String BOUND =
            "SELECT ARRAY[%s]::text[] AS key FROM %s WHERE %s ORDER BY %s OFFSET %s LIMIT 1";

    /// How many parts a chunk is split into that is too large to be sorted as a whole.
    static final int BUCKETS = 1024;

    private static final String BUCKET = "k & " + (BUCKETS - 1);

    /// How much is shown of each value of a row without a key.
    static final int SHOWN_MAX = 200;

    /// A semijoin: two texts may stand for one row.
    private static final String NAMED =
            """
            EXISTS (SELECT FROM unnest(%s) AS lockstep_named (%s) WHERE %s)\
            """;

    private static final String NAME = "lockstep_named_";

    /// How a value is looked up that is known as text.
    ///
    /// @param operator by which the index compares
    /// @param type as which the text is read
    record Lookup(String column, String operator, String type) {
        String condition(String text) {
            return "%s %s CAST(%s AS %s)".formatted(column, operator, text, type);
        }
    }

    /// A statement and what its `?` stand for.
    record Query(String sql, List<Object> parameters) {
        Object[] values() {
            return parameters.toArray();
        }
    }

    /// A partitioned table stands for its partitions, any other for itself without its children.
    static String from(Table table) {
        return (table.partitioned() ? "" : "ONLY ") + table.name().sql();
    }

    /// Number of rows and sums of hashes: all rows as bucket 0, or by bucket.
    Query digest(Chunk chunk, boolean byBucket) {
        String sql =
                DIGEST.formatted(
                        byBucket ? BUCKET : "0",
                        hash.mixed("h"),
                        byBucket ? keyHash() : "0",
                        hash.of(forms),
                        from,
                        where(chunk));
        return new Query(sql, parameters(chunk));
    }

    /// The hashes of key and row of all rows, sorted, equal ones counted.
    Query hashes(Chunk chunk, List<Integer> buckets) {
        String inBuckets = buckets.isEmpty() ? "true" : BUCKET + " = ANY(?::bigint[])";
        String sql = HASHES.formatted(keyHash(), hash.of(forms), from, where(chunk), inBuckets);
        List<Object> parameters = parameters(chunk);
        if (!buckets.isEmpty()) {
            parameters.add(array(buckets));
        }
        return new Query(sql, parameters);
    }

    /// What a person needs to see of the rows with these hashes of their keys.
    Query rows(Chunk chunk, List<Long> keyHashes) {
        List<String> shown =
                key.isEmpty()
                        ? columns.stream()
                                .map(c ->
                                        "left(%s, %d)".formatted(TEXT.formatted(c), SHOWN_MAX + 1))
                                .toList()
                        : key.stream().map(TEXT::formatted).toList();
        List<String> hashes = forms.stream().map(form -> hash.of(List.of(form))).toList();
        String sql =
                ROWS.formatted(
                        keyHash(),
                        String.join(", ", shown),
                        String.join(", ", hashes),
                        from,
                        where(chunk),
                        key.isEmpty() ? ONE_OF_EACH.formatted(keyHash()) : "");
        List<Object> parameters = parameters(chunk);
        parameters.add(array(keyHashes));
        return new Query(sql, parameters);
    }

    /// The texts of some columns, by their place, in the row with this hash of its key.
    Query texts(Chunk chunk, long keyHash, List<Integer> places) {
        return values(TEXT, chunk, keyHash, places);
    }

    /// How long these are, NULLs -1.
    Query lengths(Chunk chunk, long keyHash, List<Integer> places) {
        return values(LENGTH, chunk, keyHash, places);
    }

    private Query values(String what, Chunk chunk, long keyHash, List<Integer> places) {
        String values =
                places.stream()
                        .map(i -> what.formatted(columns.get(i)))
                        .collect(Collectors.joining(", "));
        List<Object> parameters = parameters(chunk);
        parameters.add(keyHash);
        return new Query(VALUES.formatted(values, from, where(chunk), keyHash()), parameters);
    }

    /// The key that comes `rows` after the start of `rest`.
    Query bound(Chunk.Range rest, int rows) {
        String texts =
                key.stream().map(column -> column + "::text").collect(Collectors.joining(", "));
        String order = String.join(", ", key);
        String sql = BOUND.formatted(texts, from, where(rest), order, rows);
        return new Query(sql, parameters(rest));
    }

    /// In a table without a key a row is its own.
    private String keyHash() {
        return hash.of(key.isEmpty() ? forms : keyForms);
    }

    private String where(Chunk chunk) {
        return switch (chunk) {
            case Chunk.Whole _ -> "true";
            case Chunk.Range(var from, var until) ->
                    bound(" >= ", from) + " AND " + bound(" < ", until);
            case Chunk.Unkeyed _ -> "(" + String.join(" IS NULL OR ", key) + " IS NULL)";
            case Chunk.Named _ -> named();
        };
    }

    private String named() {
        List<String> names = IntStream.range(0, key.size()).mapToObj(i -> NAME + i).toList();
        return NAMED.formatted(
                names.stream().map(_ -> "?::text[]").collect(Collectors.joining(", ")),
                String.join(", ", names),
                IntStream.range(0, key.size())
                        .mapToObj(i -> lookups.get(i).condition(names.get(i)))
                        .collect(Collectors.joining(" AND ")));
    }

    private String bound(String comparison, List<String> values) {
        if (values.isEmpty()) {
            return "true";
        }
        String given = bounds.stream().map("?::"::concat).collect(Collectors.joining(", "));
        return "(" + String.join(", ", key) + ")" + comparison + "(" + given + ")";
    }

    private static List<Object> parameters(Chunk chunk) {
        List<Object> parameters = new ArrayList<>();
        if (chunk instanceof Chunk.Range(var from, var until)) {
            parameters.addAll(from);
            parameters.addAll(until);
        } else if (chunk instanceof Chunk.Named named) {
            for (int i = 0; i < named.keys().getFirst().size(); i++) {
                parameters.add(named.values(i));
            }
        }
        return parameters;
    }

    private static String array(List<? extends Number> numbers) {
        return numbers.stream().map(Object::toString).collect(Collectors.joining(",", "{", "}"));
    }
}
