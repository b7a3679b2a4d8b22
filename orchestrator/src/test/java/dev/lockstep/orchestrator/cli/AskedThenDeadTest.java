package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.run.Journal;
import dev.lockstep.orchestrator.run.Lease;
import dev.lockstep.orchestrator.run.Requests;
import dev.lockstep.orchestrator.run.Requests.Request;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Commands whose process took them on and died over them.
@Timeout(120)
class AskedThenDeadTest {
    private final Pair pair = Pair.create();
    private final Db target = pair.target();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void tables() {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private static Request claimed(Requests requests) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (System.nanoTime() < deadline) {
            List<Request> open = requests.open();
            if (!open.isEmpty() && requests.claim(open.getFirst())) {
                return open.getFirst();
            }
            Thread.onSpinWait();
        }
        throw new AssertionError("nothing was asked");
    }

    @Test
    void whatWasDoneBeforeTheAnswerCountsAsDone() throws Exception {
        Move move = Move.alone(folder, pair);
        move.told("run", "--until", "in-step").done();
        CompletableFuture<Told> asking;
        try (Lease lease = Lease.take(target, move.name())) {
            asking = CompletableFuture.supplyAsync(() -> move.told("abort"));
            assertThat(claimed(new Requests(target, move.name())).command()).isEqualTo("abort");
            Journal journal = new Journal(target, move.name());
            journal.append(lease.epoch(), new RunEvent.AbortStarted(false));
            journal.append(lease.epoch(), new RunEvent.CleanedUp());
        }
        assertThat(asking.get(60, TimeUnit.SECONDS).done())
                .contains("the process that was asked has ended, and abort is done");
    }

    @Test
    void whatWasNotBegunIsDoneByTheOneWhoAsked() throws Exception {
        Move move = Move.alone(folder, pair);
        move.told("run", "--until", "in-step").done();
        CompletableFuture<Told> asking;
        try (Lease _ = Lease.take(target, move.name())) {
            asking = CompletableFuture.supplyAsync(() -> move.told("cutover"));
            assertThat(claimed(new Requests(target, move.name())).command()).isEqualTo("cutover");
        }
        assertThat(asking.get(100, TimeUnit.SECONDS).done()).contains("write pause");
        Sides.refuses(pair.source(), "DELETE FROM item", target);
    }
}
