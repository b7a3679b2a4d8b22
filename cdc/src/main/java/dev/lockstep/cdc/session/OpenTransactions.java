package dev.lockstep.cdc.session;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Session;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// The transactions of a server that write, as a new slot or an exact snapshot waits for them; of
/// all its databases, since those wait for all.
public record OpenTransactions(List<One> all) {
    private static final int NAMED_MAX = 10;

    private static final String FIND =
            """
            SELECT pid || '/' || backend_xid AS id,
                   format('pid %s on database "%s" (%s, %s, open for %s s): %s', pid, datname,
                          usename, application_name,
                          extract(epoch FROM clock_timestamp() - xact_start)::int,
                          left(query, 80)) AS line
              FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
            UNION ALL
            SELECT gid,
                   format('prepared transaction "%s" on database "%s" (%s, since %s)', gid,
                          database, owner, date_trunc('second', prepared))
              FROM pg_prepared_xacts\
            """;

    /// One of them.
    ///
    /// @param id tells it from any other of the server
    /// @param line for a person
    public record One(String id, String line) {}

    public OpenTransactions {
        all = List.copyOf(all);
    }

    /// Those of now.
    public static OpenTransactions of(Session session) {
        return new OpenTransactions(
                session.rows(FIND, row -> new One(row.text("id"), row.text("line"))));
    }

    /// Those of them that are open in `later`, too, as they are there.
    public OpenTransactions still(OpenTransactions later) {
        Set<String> open = all.stream().map(One::id).collect(Collectors.toSet());
        return new OpenTransactions(
                later.all.stream().filter(one -> open.contains(one.id())).toList());
    }

    public boolean isEmpty() {
        return all.isEmpty();
    }

    /// For messages; of many only some.
    public String text() {
        if (isEmpty()) {
            return "none is visible";
        }
        String named =
                all.stream().limit(NAMED_MAX).map(One::line).collect(Collectors.joining("; "));
        return all.size() > NAMED_MAX
                ? "%s; and %d more".formatted(named, all.size() - NAMED_MAX)
                : named;
    }

    /// The fault of a snapshot that had to wait for these for too long.
    public LockstepException inTheWay(String database, Duration waited) {
        return new LockstepException(
                Fault.LOCK_TIMEOUT,
                ("no snapshot of database \"%s\" within %d s: it waits for every transaction "
                                + "of the server that was open: %s; end them, then try again")
                        .formatted(database, waited.toSeconds(), text()));
    }
}
