package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A write that came to the side that refuses writes, whatever way, is told until the run ends, and
/// no switch goes by a verification from before it.
class StrayWriteTest {
    private static final String AS_REPLICA = "SET session_replication_role = replica; ";

    private final Pair pair = Pair.create();
    private final Db source = pair.source();
    private final Db target = pair.target();
    private Move move = new Move("", Path.of(""));
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void start() {
        pair.onBoth(
                """
                CREATE TABLE item (id int PRIMARY KEY, name text);
                CREATE TABLE part (n int PRIMARY KEY) PARTITION BY RANGE (n);
                CREATE TABLE part_1 PARTITION OF part DEFAULT;
                """);
        Pair.run(source, "INSERT INTO item SELECT i, 'n' FROM generate_series(1, 3) i");
        move = Move.of(folder, pair);
        move.told("run", "--until", "in-step").done();
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private static List<String> alarms(Move move) {
        return Status.of(move)
                .json()
                .path("alarms")
                .valueStream()
                .map(alarm -> alarm.path("message").textValue())
                .toList();
    }

    private void awaitAlarm(String... texts) {
        LiveRun.await(List.of(texts) + " in " + alarms(move), () -> isAlarmed(texts));
        assertThat(Status.of(move).text()).contains(texts).contains("ALARM");
    }

    private boolean isAlarmed(String... texts) {
        return alarms(move).stream().anyMatch(alarm -> Stream.of(texts).allMatch(alarm::contains));
    }

    private void isToldOnce(String... texts) {
        assertThat(alarms(move))
                .filteredOn(alarm -> Stream.of(texts).allMatch(alarm::contains))
                .hasSize(1);
    }

    /// At once, also before the run has come to read it, and while it does.
    private void isToldAtOnce(Db standby, String write, String... texts) {
        long before = touches();
        Pair.run(standby, AS_REPLICA + write);
        LiveRun.await(
                "the run has taken it",
                () -> {
                    isToldOnce(texts);
                    return touches() > before;
                });
        assertThat(Status.of(move).text()).contains(texts).contains("ALARM");
    }

    private long touches() {
        return Pair.rows(target, "SELECT 1 FROM lockstep.journal WHERE event = 'StandbyTouched'")
                .size();
    }

    @Test
    void aWriteOfASessionInReplicaRoleIsToldAndKeepsWritesWhereTheyAre() {
        try (LiveRun run = LiveRun.inStep(move)) {
            Pair.run(source, "UPDATE item SET name = 'm'; INSERT INTO part VALUES (1)");
            move.told("validate").done();
            assertThat(alarms(move)).as("what the run itself wrote").isEmpty();
            isToldAtOnce(
                    target,
                    "COPY item (id) FROM PROGRAM 'echo 9'; DELETE FROM part",
                    "INSERT on table \"public.item\" of the target",
                    "postgres (test",
                    "replica");
            awaitAlarm("DELETE on table \"public.part\" of the target");
            move.told("cutover").refused(3, "DIFFERENT", "public.item", "public.part_1 (n=1)");
            assertThat(Status.of(move).text()).doesNotContain("verified clean since");
            move.told("validate", "--repair").done();
            assertThat(Status.of(move).text()).contains("verified clean since");
            assertThat(move.told("journal").done()).contains("StandbyTouched");
            move.told("cutover").done();
            isToldAtOnce(
                    source, "TRUNCATE part", "TRUNCATE on table \"public.part\" of the source");
            Sides.refuses(source, "DELETE FROM item", target);
            move.told("rollback").refused(3, "DIFFERENT", "public.part");
            move.told("validate", "--repair").done();
            move.told("rollback").done();
            move.told("cutover").done();
            assertThat(alarms(move)).hasSize(4);
            move.told("complete").done();
            run.ended().done();
        }
        assertThat(alarms(move)).isEmpty();
        Sides.areLeftClean(pair);
    }

    @Test
    void aTriggerThatIsTakenAwayIsToldAndPutBack() {
        try (LiveRun run = LiveRun.inStep(move)) {
            move.told("cutover").done();
            Pair.run(
                    source,
                    "ALTER TABLE item DISABLE TRIGGER ALL; INSERT INTO item VALUES (7, 'stray')");
            awaitAlarm("\"public.item\" of the source", "trigger disabled");
            LiveRun.await("the refusal", () -> isRefused("DELETE FROM item"));
            Pair.run(
                    source, "DROP TRIGGER \"lockstep_refuse_%s\" ON part_1".formatted(move.name()));
            awaitAlarm("\"public.part_1\" of the source had lost the trigger");
            LiveRun.await("the refusal", () -> isRefused("DELETE FROM part_1"));
            move.told("rollback").refused(3, "DIFFERENT", "public.item (id=7)");
            Pair.run(source, AS_REPLICA + "DELETE FROM item WHERE id = 7");
            move.told("rollback").done();
            Pair.run(source, "INSERT INTO item VALUES (8, 'good')");
            move.told("abort").done();
            run.ended();
        }
        Sides.areLeftClean(pair);
    }

    private boolean isRefused(String sql) {
        try {
            Sides.refuses(source, sql, target);
            return true;
        } catch (AssertionError e) {
            return false;
        }
    }

    @Test
    void aWriteWhileBothSidesAreComparedStopsTheSwitch() {
        String touch = AS_REPLICA + "UPDATE item SET name = name";
        Pair.run(target, touch);
        try (LiveRun run = LiveRun.inStep(move);
                Session open = source.session("open")) {
            awaitAlarm("UPDATE on table \"public.item\" of the target");
            open.begin();
            open.one("SELECT pg_current_xact_id()::text");
            CompletableFuture<Told> asked =
                    CompletableFuture.supplyAsync(() -> move.told("cutover"));
            LiveRun.await(
                    "a cut that waits",
                    () -> Status.of(move).text().contains("transactions to end"));
            Pair.run(target, touch);
            open.rollback();
            asked.join().refused(4, "PRECONDITION", "written to while both sides were compared");
            move.told("cutover").done();
            move.told("rollback").done();
            assertThat(run).isNotNull();
        }
        move.told("abort").done();
    }

    /// Nobody can put it into the journal then.
    @Test
    void whatComesWhileARunSwitchesIsToldAndUndoesThat() {
        String told = "INSERT on table \"public.item\" of the target";
        Hooked hooked =
                new Hooked()
                        .at(
                                "switching",
                                () -> {
                                    Pair.run(
                                            target,
                                            AS_REPLICA + "INSERT INTO item VALUES (7, 'stray')");
                                    isToldOnce(told);
                                });
        assertThatThrownBy(() -> hooked.switches(move, 1))
                .hasMessageContaining("public.item (id=7)");
        assertThat(hooked.undone(told)).as("%s", hooked.said()).isTrue();
        assertThat(Status.of(move).active()).isEqualTo("source");
        isToldOnce(told);
    }

    @Test
    void whatComesWhileNobodyWorksOnTheRunIsToldToo() {
        Pair.run(target, AS_REPLICA + "INSERT INTO item VALUES (7, 'stray')");
        assertThat(alarms(move)).singleElement().asString().contains("INSERT", "of the target");
        move.told("cutover").refused(3, "DIFFERENT", "public.item (id=7)");
        Pair.run(target, "ALTER TABLE item DISABLE TRIGGER ALL; DELETE FROM item WHERE id = 7");
        Pair.run(
                target,
                "ALTER TABLE item ENABLE ALWAYS TRIGGER \"lockstep_stray_%s\""
                        .formatted(move.name()));
        move.told("cutover").done();
        assertThat(alarms(move)).hasSize(2).anyMatch(alarm -> alarm.contains("trigger disabled"));
        Pair.run(target, "INSERT INTO item VALUES (8, 'good')");
        move.told("complete").done();
        Sides.areLeftClean(pair);
    }
}
