package dev.lockstep.orchestrator.cli;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Secret;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;

/// Two databases of an owner, and a user with the rights that the manual lists. Neither is a
/// superuser.
record PlainUsers(Pair pair, String owner, String mover) implements AutoCloseable {
    static PlainUsers on(Pair pair) {
        String source = pair.source().endpoint().database();
        String target = pair.target().endpoint().database();
        PlainUsers users = new PlainUsers(pair, "owner_of_" + source, "mover_of_" + source);
        users.asSuperuser(
                """
                CREATE ROLE %1$s LOGIN;
                CREATE ROLE %2$s LOGIN REPLICATION;
                ALTER DATABASE %3$s OWNER TO %1$s;
                ALTER DATABASE %4$s OWNER TO %1$s;
                GRANT CREATE ON DATABASE %3$s TO %2$s;
                GRANT CREATE ON DATABASE %4$s TO %2$s;
                GRANT %1$s TO %2$s;
                GRANT SET ON PARAMETER session_replication_role TO %2$s;
                """,
                source, target);
        return users;
    }

    Db source() {
        return pair.source();
    }

    Db target() {
        return pair.target();
    }

    /// Runs statements on the source, with owner, mover and `more` put into them.
    void asSuperuser(String sql, String... more) {
        Object[] names = new Object[more.length + 2];
        names[0] = owner;
        names[1] = mover;
        System.arraycopy(more, 0, names, 2, more.length);
        Pair.run(source(), sql.formatted(names));
    }

    void asOwner(Db db, String sql) {
        try (Db owned = Db.of(as(db.endpoint(), owner), "test")) {
            Pair.run(owned, sql);
        }
    }

    /// A plan whose user is the mover.
    Move move(Path folder, String more) {
        return Move.of(
                folder, as(source().endpoint(), mover), as(target().endpoint(), mover), more);
    }

    private static Endpoint as(Endpoint endpoint, String user) {
        return new Endpoint(endpoint.url(), user, new Secret(""));
    }

    @Override
    public void close() {
        pair.close();
    }
}
