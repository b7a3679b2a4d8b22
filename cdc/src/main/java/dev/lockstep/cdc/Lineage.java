package dev.lockstep.cdc;

import dev.lockstep.cdc.apply.Positions;
import dev.lockstep.cdc.log.PositionLost;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.Session;
import java.util.Optional;
import java.util.function.Supplier;

/// Notices when another server has taken the place of the active: a replica that was promoted, or a
/// backup that was brought up. Its WAL is on a timeline of its own, which shares the past with the
/// one before up to some position; from there on the same positions mean other changes.
final class Lineage {
    private static final String TIMELINE =
            """
            SELECT CASE WHEN NOT pg_is_in_recovery()
                        THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
                   END AS timeline\
            """;

    private final Replication.Spec spec;
    private final Positions positions;
    private final Db active;

    Lineage(Replication.Spec spec, Positions positions) {
        this.spec = spec;
        this.positions = positions;
        this.active = spec.active();
    }

    /// The timeline that the server writes.
    int timeline() {
        return active.call(session ->
                session.row(TIMELINE, row -> row.maybeText("timeline").map(Integer::valueOf))
                        .flatMap(found -> found)
                        .orElseThrow(() ->
                                new LockstepException(
                                        Fault.UNREACHABLE,
                                        ("\"%s\" is a replica in recovery and takes no writes; "
                                                        + "promote it, or have its address lead to"
                                                        + " the primary")
                                                .formatted(active.label()))));
    }

    /// Goes on with a server that has taken the active's place, if that one has all that the stream
    /// has read.
    ///
    /// @param known the end of what the stream has read
    void follow(Supplier<Lsn> known) {
        Optional<Integer> earlier = spec.standby().call(positions::timeline);
        int now = timeline();
        if (earlier.isPresent() && earlier.get() != now) {
            check(earlier.get(), now, known);
            spec.standby().tx(session -> positions.follow(session, now));
        }
    }

    private void check(int earlier, int timeline, Supplier<Lsn> known) {
        Optional<Lsn> shared = sharedUpTo(earlier, timeline);
        Lsn read = known.get();
        if (shared.isEmpty() || read.isAfter(shared.get())) {
            throw PositionLost.of(
                    spec.stream(),
                    ("another server has taken the place of \"%s\": it has the past of the one "
                                    + "before up to %s, and changes up to %s were carried; what "
                                    + "came in between is gone from it")
                            .formatted(
                                    active.label(),
                                    shared.map(Lsn::toString).orElse("nowhere"),
                                    read));
        }
    }

    /// A line of a history is a timeline, where it was left, and why.
    private Optional<Lsn> sharedUpTo(int earlier, int timeline) {
        String prefix = earlier + "\t";
        try (Session session = active.replicationSession("timeline")) {
            return session.row("TIMELINE_HISTORY " + timeline, row -> row.text("content")).stream()
                    .flatMap(String::lines)
                    .map(String::strip)
                    .filter(line -> line.startsWith(prefix))
                    .findFirst()
                    .map(line -> Lsn.parse(line.substring(prefix.length()).split("\t", 2)[0]));
        }
    }
}
