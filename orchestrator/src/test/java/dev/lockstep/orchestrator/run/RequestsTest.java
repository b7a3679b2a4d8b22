package dev.lockstep.orchestrator.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.orchestrator.run.Requests.Request;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.PostgresServer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RequestsTest {
    private static final String GONE =
            """
            SELECT pg_terminate_backend(asker_pid, 30000) FROM lockstep.request\
            """;

    private final Db db = PostgresServer.shared().database();
    private final Requests requests = new Requests(db, "shop");

    @BeforeEach
    void migrate() {
        OwnTables.migrate(db);
    }

    @AfterEach
    void close() {
        db.close();
    }

    @Test
    void whatIsAskedIsTakenOnOnceAndAnswered() {
        try (Session asker = db.session("ask")) {
            long id = requests.ask(asker, "cutover", "{}");
            assertThat(new Requests(db, "other").open()).isEmpty();
            Request request = requests.open().getFirst();
            assertThat(request).isEqualTo(new Request(id, "cutover", "{}", false));
            assertThat(requests.outcome(asker, id)).isEmpty();
            assertThat(requests.claim(request)).isTrue();
            assertThat(requests.claim(request)).isFalse();
            assertThat(requests.open()).isEmpty();
            requests.answer(id, new Outcome(0, "done"));
            requests.answer(id, new Outcome(1, "too late"));
            assertThat(requests.outcome(asker, id)).contains(new Outcome(0, "done"));
        }
    }

    @Test
    void whoDoesNotWaitAnyMoreAsksNothing() {
        try (Session asker = db.session("ask")) {
            requests.ask(asker, "cutover", "{}");
            db.call(session -> session.rows(GONE, row -> row.textAt(1)));
            assertThat(requests.open()).isEqualTo(List.of());
        }
    }

    @Test
    void whatWasTakenBackIsNotTakenOn() {
        try (Session asker = db.session("ask")) {
            long id = requests.ask(asker, "cutover", "{}");
            Request request = requests.open().getFirst();
            assertThat(requests.takeBack(id)).isTrue();
            assertThat(requests.claim(request)).isFalse();
            long taken = requests.ask(asker, "cutover", "{}");
            assertThat(requests.claim(requests.open().getFirst())).isTrue();
            assertThat(requests.takeBack(taken)).as("somebody is at it").isFalse();
        }
    }
}
