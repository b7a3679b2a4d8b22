package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import dev.lockstep.testing.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Whoever has what a switch needs, writes wait for no longer than the plan says, and nobody is
/// ended who has not had it for long.
class BoundedPauseTest {
    private static final String SHOP =
            """
            CREATE TABLE a (id int PRIMARY KEY);
            CREATE TABLE z (id int PRIMARY KEY);
            CREATE SEQUENCE numbers;
            """;
    private static final String PLAN =
            """
            schema: { copy: none }
            cutover:
              max-pause: %s
              max-lag: 60s
              terminate-blockers: %s
              gate: { hooks: { hold: { run: ["true"], undo: { run: ["true"] } } } }
            """;
    private static final String NEVER = "1h";

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void fill() {
        pair.onBoth(SHOP);
        Pair.run(source, "INSERT INTO a VALUES (1)");
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private Move inStep(String pause, String terminateAfter) {
        Move move = Move.of(folder, pair, PLAN.formatted(pause, terminateAfter));
        move.told("run", "--until", "in-step").done();
        return move;
    }

    /// A migration, say, that holds no table.
    @Test
    @Timeout(120)
    void aSequenceThatSomebodyHasToHimselfIsNotWaitedForWithoutEnd() {
        Move move = inStep("2s", NEVER);
        try (Session migration = source.session("migration")) {
            Hooked hooked =
                    new Hooked()
                            .at(
                                    "hold/0",
                                    () -> {
                                        migration.begin();
                                        migration.run(
                                                "ALTER SEQUENCE public.numbers OWNER TO"
                                                        + " CURRENT_USER");
                                    })
                            .whenSaid(
                                    "the switch was undone",
                                    () -> {
                                        migration.run("INSERT INTO public.a VALUES (2)");
                                        migration.commit();
                                    });
            hooked.switches(move, 1);
            assertThat(hooked.undone("pid " + migration.backendPid())).isTrue();
        }
        assertThat(Pair.rows(target, "SELECT id FROM a ORDER BY id")).containsExactly("(1)", "(2)");
    }

    @Test
    void whoHasOnlyJustComeIsNotEndedForWhoHasBeenThereForLong() {
        Move move = inStep("60s", "2s");
        try (Session one = source.session("one");
                Session other = source.session("other")) {
            // They are ended in this order, if they are.
            Session young = one.backendPid() < other.backendPid() ? one : other;
            Session old = young == one ? other : one;
            Hooked hooked =
                    new Hooked()
                            .at("hold/0", () -> lock(old, "z"))
                            .whenSaid("locks that the switch needs are", () -> lock(young, "a"))
                            .whenSaid("ended a session", young::commit);
            hooked.switches(move, 1);
            assertThat(hooked.said())
                    .filteredOn(text -> text.contains("ended a session"))
                    .singleElement()
                    .asString()
                    .contains("pid " + old.backendPid());
            assertThatThrownBy(old::commit).hasMessageContaining("terminat");
        }
    }

    private static void lock(Session session, String table) {
        session.begin();
        session.run("LOCK TABLE public.%s IN ROW EXCLUSIVE MODE".formatted(table));
    }

    @Test
    void aSwitchWhoseTimeIsUpAtItsLastStepIsUndone() {
        Move move = inStep("2s", NEVER);
        AtomicLong since = new AtomicLong();
        Hooked hooked =
                new Hooked()
                        .at("drain/0", () -> since.set(System.nanoTime()))
                        .at(
                                "fence/0",
                                () ->
                                        LiveRun.await(
                                                "the end of the pause",
                                                () -> isOver(since.get(), Duration.ofSeconds(2))));
        hooked.switches(move, 1);
        assertThat(hooked.undone("writes were held for 2000 ms, the plan's max-pause")).isTrue();
    }

    /// The server would let go of a process that says nothing only five seconds after that.
    @Test
    void writesGoOnWhenTheTimeIsUpWhateverTheSwitchIsAt() {
        Move move = inStep("3s", NEVER);
        AtomicLong waited = new AtomicLong();
        Hooked hooked =
                new Hooked()
                        .at(
                                "intend/0",
                                () -> {
                                    long since = System.nanoTime();
                                    Pair.run(source, "INSERT INTO a VALUES (2)");
                                    waited.set(System.nanoTime() - since);
                                });
        hooked.switches(move, 1);
        assertThat(hooked.undone("writes were held for 3000 ms, the plan's max-pause")).isTrue();
        assertThat(Duration.ofNanos(waited.get())).isLessThan(Duration.ofSeconds(7));
        assertThat(Pair.rows(target, "SELECT id FROM a ORDER BY id")).containsExactly("(1)", "(2)");
    }

    private static boolean isOver(long since, Duration length) {
        return System.nanoTime() - since > length.toNanos();
    }

    /// What would take a connection might take seconds for it.
    @Test
    void nothingConnectsWhileWritesAreHeld() {
        Move move = inStep("60s", NEVER);
        try (Proxy one = Proxy.to(source.endpoint().port());
                Proxy other = Proxy.to(target.endpoint().port())) {
            List<Proxy> both = List.of(one, other);
            Hooked hooked =
                    new Hooked()
                            .at("hold/0", () -> both.forEach(Proxy::refuse))
                            .at("move/0", () -> both.forEach(Proxy::heal));
            hooked.switches(
                    move,
                    1,
                    (endpoint, name) -> {
                        boolean isSource = endpoint.equals(source.endpoint());
                        return Db.of(through(endpoint, isSource ? one : other), name);
                    });
            assertThat(hooked.said()).noneMatch(text -> text.contains("undone"));
        }
    }

    private static Endpoint through(Endpoint endpoint, Proxy proxy) {
        String url = endpoint.url().replace(":" + endpoint.port() + "/", ":" + proxy.port() + "/");
        return new Endpoint(url, endpoint.user(), endpoint.password());
    }
}
