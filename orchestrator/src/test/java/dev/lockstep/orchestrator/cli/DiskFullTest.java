package dev.lockstep.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.testing.Pair;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Disks that are full for a while: the run says what it waits for, and goes on once there is room.
@Order(5)
@Timeout(240)
class DiskFullTest {
    private static final String ROWS =
            "SELECT count(*), md5(string_agg(id || text, ',' ORDER BY id)) FROM item";
    private static final String FILL =
            "INSERT INTO item SELECT i, repeat(md5(i::text), 30) FROM generate_series(%d, %d) i";

    private final Pair pair = Pair.create();

    @TempDir Path folder = Path.of("");

    @AfterEach
    void close() {
        pair.close();
    }

    private static void tells(Move move, String fault) {
        LiveRun.await(
                "status tells what it waits for",
                () -> {
                    String text = Status.of(move).text();
                    return text.contains("waits for") && text.contains(fault);
                });
    }

    private void becomesEqual() {
        LiveRun.await(
                "equal rows",
                () -> Pair.rows(pair.target(), ROWS).equals(Pair.rows(pair.source(), ROWS)));
    }

    @Test
    void targetWithoutRoomIsWaitedFor() {
        try (SmallDisk disk = SmallDisk.make(folder.resolve("disk"), 48)) {
            Pair.run(
                    pair.target(),
                    "CREATE TABLESPACE small LOCATION '%s'".formatted(disk.folder()));
            Pair.run(pair.source(), "CREATE TABLE item (id int PRIMARY KEY, text text)");
            Pair.run(
                    pair.target(),
                    "CREATE TABLE item (id int PRIMARY KEY, text text) TABLESPACE small");
            Pair.run(pair.source(), FILL.formatted(1, 2_000));
            Move move = Move.alone(folder, pair);
            disk.fill();
            try (LiveRun run = LiveRun.start(move)) {
                tells(move, "NO_ROOM");
                assertThat(Status.of(move).state()).isEqualTo("copying");
                disk.free();
                run.awaitState("in-step");
                becomesEqual();
                disk.fill();
                Pair.run(pair.source(), FILL.formatted(2_001, 6_000));
                tells(move, "NO_ROOM");
                disk.free();
                becomesEqual();
                LiveRun.await("a match", () -> move.told("validate").exit() == 0);
                move.told("abort").done();
                run.ended().done();
            } finally {
                Pair.run(pair.target(), "DROP TABLE item");
                Pair.run(pair.target(), "DROP TABLESPACE small");
            }
            Sides.areLeftClean(pair);
        }
    }

    @Test
    void changeLogWithoutRoomIsWaitedFor() {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY, text text)");
        Pair.run(pair.source(), FILL.formatted(1, 100));
        try (SmallDisk disk = SmallDisk.make(folder.resolve("disk"), 64)) {
            Move move = Move.alone(disk.folder(), pair);
            try (LiveRun run = LiveRun.inStep(move)) {
                disk.fill();
                Pair.run(pair.source(), FILL.formatted(101, 20_000));
                tells(move, "LOG_FAILED");
                disk.free();
                becomesEqual();
                LiveRun.await("a match", () -> move.told("validate").exit() == 0);
                move.told("abort").done();
                run.ended().done();
            }
            Sides.areLeftClean(pair);
        }
    }
}
