package dev.lockstep.orchestrator.demo;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/// The shop's tables, and rows for them that the server makes up itself.
public final class ShopSchema {
    /// Where the migration lies, as a Flyway folder on the class path.
    public static final String LOCATION = "dev/lockstep/orchestrator/demo/shop";

    private static final String FILE = "V1__shop.sql";

    private ShopSchema() {}

    /// Hears how many of the rows are there.
    @FunctionalInterface
    public interface Progress {
        void loaded(long rows, long total, String table);
    }

    /// Creates the empty tables.
    public static void create(Db db) {
        try (Session session = open(db, "create shop")) {
            session.begin();
            session.run(sql());
            session.commit();
        }
    }

    /// Fills the empty tables with about `rows` rows in all. References hold by construction, so
    /// checking each of them would only take time.
    public static ShopSize load(Db db, long rows, Progress progress) {
        ShopSize size = ShopSize.of(rows);
        try (Session session = open(db, "load shop")) {
            session.run("SET session_replication_role = replica");
            session.run("SET synchronous_commit = off");
            long loaded = 0;
            for (ShopRows step : ShopRows.all(size)) {
                for (long from = 1; from <= step.rows(); from += ShopRows.STEP_MAX) {
                    long until = Math.min(step.rows(), from + ShopRows.STEP_MAX - 1);
                    session.run(step.sql(), step.parameters(from, until));
                    loaded += until - from + 1;
                    progress.loaded(loaded, size.total(), step.table());
                }
            }
            session.run("ANALYZE");
        }
        return size;
    }

    private static Session open(Db db, String purpose) {
        Session session = db.session(purpose);
        session.run("SET search_path = public");
        return session;
    }

    private static String sql() {
        String path = "/" + LOCATION + "/" + FILE;
        try (InputStream file = ShopSchema.class.getResourceAsStream(path)) {
            if (file == null) {
                throw new IOException("not in the program");
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new LockstepException(Fault.INTERNAL, "cannot read " + path, e);
        }
    }
}
