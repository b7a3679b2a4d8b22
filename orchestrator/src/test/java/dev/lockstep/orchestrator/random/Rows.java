package dev.lockstep.orchestrator.random;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Zoo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// All rows of some tables, as text.
final class Rows {
    private static final int SHOWN = 40;

    /// Long ones are told apart by their sums. A name of a column must not be found for that of the
    /// table.
    private static final String TEXT =
            """
            SELECT r.tableoid::regclass::text || ' ' || left(format('%%s', r.*), 400) || ' '
                   || md5(format('%%s', r.*)) AS line
              FROM %s AS r\
            """;

    private Rows() {}

    /// Rows that one has and the other has not, or not as often.
    static List<String> differences(Db active, Db standby, List<String> tables) {
        List<String> differences = new ArrayList<>();
        for (String table : tables) {
            Map<String, Integer> counts = new TreeMap<>();
            lines(active, table).forEach(line -> counts.merge(line, 1, Integer::sum));
            lines(standby, table).forEach(line -> counts.merge(line, -1, Integer::sum));
            counts.forEach((line, count) -> {
                if (count != 0 && differences.size() < SHOWN) {
                    differences.add(
                            "%s %d times: %s"
                                    .formatted(
                                            count > 0
                                                    ? "only on the active side"
                                                    : "only on the standby",
                                            Math.abs(count),
                                            line));
                }
            });
        }
        return differences;
    }

    private static List<String> lines(Db db, String table) {
        try (Session session = db.session("rows")) {
            session.run(Zoo.SETTINGS);
            return session.rows(TEXT.formatted(table), row -> row.text("line"));
        }
    }

    /// The numbers that the writers left, sorted.
    static List<String> tally(Db db) {
        try (Session session = db.session("tally")) {
            return session
                    .rows(
                            "SELECT writer || ' ' || n AS line FROM public.tally",
                            row -> row.text("line"))
                    .stream()
                    .sorted()
                    .toList();
        }
    }
}
