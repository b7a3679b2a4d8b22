package dev.lockstep.validators.rows;

import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.validators.Difference;
import dev.lockstep.validators.Findings;
import dev.lockstep.validators.Progress;
import dev.lockstep.validators.SessionPair;
import dev.lockstep.validators.Sides;
import dev.lockstep.validators.TablePair;
import dev.lockstep.validators.TableTotals;
import dev.lockstep.validators.TableTotals.Sums;
import dev.lockstep.validators.Validator;
import dev.lockstep.validators.Verdict;
import dev.lockstep.validators.Workers;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Compares how many rows the tables have. Quick, and blind to what is in the rows: it finds a
/// botched copy within minutes, it proves nothing.
public final class RowCounts implements Validator {
    private static final int SHOWN_MAX = 20;
    private static final String COUNT = "SELECT count(*) FROM %s";

    private final Progress progress;

    public RowCounts(Progress progress) {
        this.progress = progress;
    }

    @Override
    public Verdict validate(Sides sides) {
        Findings findings = new Findings(SHOWN_MAX);
        Queue<TablePair> left = new ConcurrentLinkedQueue<>(sides.tables());
        Workers.run(
                sides,
                pair -> {
                    for (TablePair next = left.poll(); next != null; next = left.poll()) {
                        TablePair tables = next;
                        pair.read(() -> compare(tables, pair, findings));
                    }
                });
        return findings.verdict(sides.tables().size());
    }

    private void compare(TablePair tables, SessionPair sessions, Findings findings) {
        List<Long> both =
                Workers.all(
                        List.of(
                                () -> count(tables.active(), sessions.active()),
                                () -> count(tables.standby(), sessions.standby())));
        long active = both.getFirst();
        long standby = both.getLast();
        findings.addRows(
                new TableTotals(
                        tables.active().name(), Sums.counted(active), Sums.counted(standby)));
        if (active != standby) {
            Difference difference =
                    new Difference(
                            tables.active().name(),
                            Difference.Kind.COUNT,
                            Map.of(),
                            List.of(),
                            List.of(),
                            active,
                            standby);
            findings.addDifferences(tables.active().name(), 1, List.of(difference));
        }
        progress.compared(tables.active().name(), active);
    }

    private static long count(Table table, Session session) {
        return session.number(COUNT.formatted(TableSide.from(table)));
    }
}
