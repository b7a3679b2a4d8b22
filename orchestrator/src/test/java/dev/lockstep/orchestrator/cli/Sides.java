package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.SqlStates;
import dev.lockstep.testing.Pair;
import java.util.List;

/// What an application meets on the two sides of a run.
final class Sides {
    private static final String STANDS_AT_LOCKS =
            """
            SELECT 1 FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE '%fence'
               AND wait_event_type = 'Lock'\
            """;

    private Sides() {}

    /// A write that is refused with the SQLSTATE and the new home that clients are promised.
    static void refuses(Db db, String sql, Db home) {
        LockstepException failure =
                catchThrowableOfType(LockstepException.class, () -> Pair.run(db, sql));
        assertThat(failure).as("%s was accepted", sql).isNotNull();
        assertThat(SqlStates.of(failure)).contains("25006");
        assertThat(failure.text()).contains(home.label());
    }

    /// Waits until a query gives these rows on `db`, as what was written elsewhere arrives.
    static void shows(Db db, String query, String... rows) {
        LiveRun.await(
                "%s in %s".formatted(List.of(rows), db.label()),
                () -> Pair.rows(db, query).equals(List.of(rows)));
    }

    /// Waits until a switch stands at the locks that it holds writes by, as somebody has one.
    static void awaitFence(Db db) {
        LiveRun.await("a fence at its locks", () -> !Pair.rows(db, STANDS_AT_LOCKS).isEmpty());
    }

    /// Nothing of Lockstep's is in either database, but the journal on the target.
    static void areLeftClean(Pair pair) {
        assertThat(Traces.lockstepsOwn(pair.source())).isEmpty();
        assertThat(Traces.lockstepsOwn(pair.target()))
                .filteredOn(line -> !line.startsWith("rows of "))
                .containsExactly(
                        "relation lockstep.journal r",
                        "relation lockstep.journal_pkey i",
                        "relation lockstep.run r",
                        "relation lockstep.run_pkey i",
                        "schema lockstep");
    }
}
