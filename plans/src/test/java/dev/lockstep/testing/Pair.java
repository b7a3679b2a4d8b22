package dev.lockstep.testing;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The two databases of a test, each new and empty, and what tests do with them all the time.
public final class Pair implements AutoCloseable {
    private final Db source;
    private final Db target;
    private final Consumer<Db> end;

    private Pair(Db source, Db target, Consumer<Db> end) {
        this.source = source;
        this.target = target;
        this.end = end;
    }

    /// Two new databases on the shared server, which go when this is closed.
    public static Pair create() {
        PostgresServer server = PostgresServer.shared();
        return new Pair(server.database(), server.database(), server::drop);
    }

    /// Two databases of a test's own, which stay.
    public static Pair of(Db source, Db target) {
        return new Pair(source, target, Db::close);
    }

    public Db source() {
        return source;
    }

    public Db target() {
        return target;
    }

    /// Runs the same statements on both.
    public void onBoth(String sql) {
        run(source, sql);
        run(target, sql);
    }

    /// Runs statements with the search path that applications have.
    public static void run(Db db, String sql) {
        try (Session session = db.brief("test")) {
            session.run("SET search_path = public");
            session.run(sql);
        }
    }

    /// The rows that a query gives, each as the text of its values joined with `|`, NULL as
    /// `<null>`.
    public static List<String> rows(Db db, String sql) {
        try (Session session = db.brief("test")) {
            session.run("SET search_path = public");
            return session.rows(
                    "SELECT t::text FROM (%s) AS t".formatted(sql),
                    row -> {
                        Optional<String> text = row.textAt(1);
                        return text.orElse("<null>");
                    });
        }
    }

    @Override
    public void close() {
        try {
            end.accept(source);
        } finally {
            end.accept(target);
        }
    }
}
