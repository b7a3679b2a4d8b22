package dev.lockstep.plans.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.testing.PostgresServer;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.postgresql.copy.CopyIn;

/// Short sessions take over each other's connections, and nothing else of each other.
final class BriefSessionTest {
    private static final String STATE =
            """
            SELECT concat_ws(' ',
                current_setting('application_name'), current_setting('search_path'),
                current_setting('statement_timeout'), current_setting('transaction_timeout'),
                current_user, session_user,
                to_regclass('pg_temp.mine') IS NULL,
                (SELECT count(*) FROM pg_locks
                  WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
                (SELECT count(*) FROM pg_prepared_statements WHERE from_sql),
                (SELECT count(*) FROM pg_listening_channels()))\
            """;

    private static final String HALF_DONE =
            """
            SELECT concat_ws(' ',
                current_setting('session_replication_role'),
                coalesce(current_setting('lockstep.own_writer', true), '') = 'yes',
                (SELECT count(*) FROM pg_cursors WHERE name = 'c'))\
            """;
    private static final byte[] X = {'x'};

    private final PostgresServer server = PostgresServer.shared();
    private final Db made = server.database();
    private final Db db = Db.of(made.endpoint(), "test brief");

    @AfterEach
    void drop() {
        db.close();
        server.drop(made);
    }

    @Test
    void aConnectionIsUsedAgainAndHasNothingOfItsLastSession() {
        int pid;
        try (Session session = db.brief("first")) {
            pid = session.backendPid();
            session.run("CREATE TEMP TABLE mine (id int)");
            session.run("SET search_path = public");
            session.run("SET statement_timeout = 70000");
            session.run("SET transaction_timeout = 80000");
            session.run("SELECT pg_advisory_lock(5)");
            session.run("PREPARE one AS SELECT 1");
            session.run("LISTEN news");
            session.run("SET ROLE pg_monitor");
            session.begin();
            session.run("SELECT txid_current()");
        }
        try (Session session = db.brief("second")) {
            assertThat(session.backendPid()).isEqualTo(pid);
            assertThat(session.one(STATE))
                    .isEqualTo("test brief second pg_catalog 0 0 postgres postgres t 0 0 0");
            assertThat(session.flag("SELECT txid_current_if_assigned() IS NULL")).isTrue();
        }
    }

    /// A connection is used again only where it can be brought to what a new one is.
    @Test
    void whatASessionLeavesHalfDoneIsNobodyElses() {
        leaves(session -> session.run("BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH c"));
        leaves(session -> {
            session.begin();
            assertThatThrownBy(() -> session.run("SELECT 1 / 0"))
                    .isInstanceOf(LockstepException.class);
        });
        leaves(session ->
                session.run(
                        "SET session_replication_role = replica; SET lockstep.own_writer = 'yes'"));
        leaves(session ->
                session.raw(
                        "copy",
                        connection -> {
                            CopyIn half =
                                    connection.getCopyAPI().copyIn("COPY pg_temp.rows FROM STDIN");
                            half.writeToCopy(X, 0, 1);
                            return half.isActive();
                        }));
    }

    private void leaves(Consumer<Session> work) {
        try (Session session = db.brief("first")) {
            session.run("CREATE TEMP TABLE rows (text text)");
            work.accept(session);
        }
        try (Session session = db.brief("second")) {
            assertThat(session.one(HALF_DONE)).isEqualTo("origin f 0");
            session.begin();
            assertThat(session.one("SELECT to_regclass('pg_temp.rows') IS NULL")).isEqualTo("t");
            session.rollback();
        }
    }

    /// The driver knows of statements that it prepared on the server, which are gone.
    @Test
    void aStatementThatWasPreparedBeforeIsPreparedAgain() {
        for (int use = 0; use < 20; use++) {
            try (Session session = db.brief("again")) {
                for (int i = 0; i < 7; i++) {
                    assertThat(session.number("SELECT ?::int + 1", i)).isEqualTo(i + 1);
                }
            }
        }
        assertThat(connections()).hasSize(1);
    }

    @Test
    void whoeverFindsADeadConnectionGetsANewOne() {
        int pid;
        try (Session session = db.brief("first");
                Session other = db.brief("other")) {
            pid = session.backendPid();
            assertThat(other.backendPid()).isNotEqualTo(pid);
        }
        for (String each : connections()) {
            made.call(session -> session.one("SELECT pg_terminate_backend(?, 5000)", toInt(each)));
        }
        try (Session session = db.brief("second")) {
            assertThat(session.backendPid()).isNotEqualTo(pid);
        }
        long found = db.call(session -> session.number("SELECT 7"));
        assertThat(found).isEqualTo(7);
    }

    @Test
    void whatWasCutIsNotUsedAgain() {
        int pid;
        try (Session session = db.brief("first")) {
            pid = session.backendPid();
            session.abort();
        }
        try (Session session = db.brief("second")) {
            assertThat(session.backendPid()).isNotEqualTo(pid);
        }
    }

    @Test
    void aSessionThatIsClosedTwiceLeavesTheNextOneAlone() {
        Session first = db.brief("first");
        first.close();
        try (Session second = db.brief("second")) {
            second.begin();
            second.run("CREATE TEMP TABLE mine (id int)");
            first.close();
            first.abort();
            try (Session third = db.brief("third")) {
                assertThat(third.backendPid()).isNotEqualTo(second.backendPid());
            }
            assertThat(second.number("SELECT count(*) FROM pg_temp.mine")).isZero();
        }
    }

    @Test
    void aSessionOfItsOwnGetsTheRoomThatIdleOnesTake() {
        String role = "few_of_" + made.endpoint().database();
        made.tx(session -> session.run("CREATE ROLE %s LOGIN CONNECTION LIMIT 2".formatted(role)));
        try (Db few = Db.of(server.endpoint(made.endpoint().database(), role, ""), "test few")) {
            Session one = few.brief("one");
            few.brief("two").close();
            one.close();
            try (Session own = few.session("own");
                    Session other = few.session("other")) {
                assertThat(own.backendPid()).isNotEqualTo(other.backendPid());
                assertThatThrownBy(() -> few.session("third"))
                        .isInstanceOf(LockstepException.class)
                        .hasMessageContaining("too many connections");
            }
        }
        made.tx(session -> session.run("DROP ROLE " + role));
    }

    @Test
    void theConnectionThatShowsThatADatabaseIsThereIsUsed() {
        int pid = db.call(Session::backendPid);
        assertThat(connections()).containsExactly(Integer.toString(pid));
        String name = db.call(session -> session.one("SHOW application_name"));
        assertThat(name).isEqualTo("test brief");
    }

    @Test
    void nothingIsLeftAfterTheEnd() {
        db.brief("first").close();
        db.close();
        db.brief("late").close();
        assertThat(connections()).isEmpty();
    }

    @Test
    void aDatabaseThatIsNotThereIsSaidAtOnce() {
        try (Db none = Db.of(server.endpoint("none", "postgres", "postgres"), "test")) {
            assertThatThrownBy(() -> none.brief("first"))
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("does not exist");
        }
    }

    private static int toInt(String text) {
        return Integer.parseInt(text);
    }

    private List<String> connections() {
        return made.call(session ->
                session.rows(
                        """
                        SELECT pid FROM pg_stat_activity
                         WHERE datname = current_database() AND application_name LIKE 'test brief%'
                        """,
                        row -> row.text("pid")));
    }
}
