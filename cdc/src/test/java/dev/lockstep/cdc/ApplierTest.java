package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.cdc.apply.Applier;
import dev.lockstep.cdc.apply.ApplyGate;
import dev.lockstep.cdc.apply.Positions;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.cdc.log.ChangeLog;
import dev.lockstep.cdc.log.LogAppender;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// An applier on a log that the test writes itself, so that it knows what comes in one piece.
class ApplierTest {
    private static final Layout ITEM = new Layout(new TableName("public", "item"), List.of("id"));

    /// More than an applier holds of one transaction, and still one frame.
    private static final int LARGE = 20_500;

    private final Pair pair = Pair.create();
    private final StreamFixture fixture = new StreamFixture(pair);
    private final ChangeLog log =
            new ChangeLog(
                    StreamFixture.kafka().client(), true, "lockstep." + fixture.run + ".applier");

    @BeforeEach
    void makeLog() {
        pair.onBoth("CREATE TABLE item (id int PRIMARY KEY)");
        log.create();
    }

    @AfterEach
    void close() {
        log.delete();
        log.close();
        pair.close();
    }

    @Test
    void closingWhileALargeTransactionIsLookedAtLosesNothing() throws Exception {
        Positions positions = new Positions(fixture.run, 0, 1);
        positions.create(pair.target(), new Positions.Position(new Lsn(10), 0, true));
        try (LogAppender appender = log.appender(1)) {
            marker(appender, 20, "close now", 0);
            transaction(appender, 30, 1, LARGE);
            transaction(appender, 40, LARGE + 1, LARGE + 1);
            appender.flush();
            appender.awaitKept(new Lsn(40), Duration.ofSeconds(30));
        }
        AtomicReference<Applier> first = new AtomicReference<>();
        first.set(applier(positions, _ -> first.get().close()));
        assertThatThrownBy(() -> first.get().run()).isInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(Pair.rows(pair.target(), "SELECT count(*) FROM item")).containsExactly("(0)");

        try (LogAppender appender = log.appender(1)) {
            marker(appender, 50, "all is here", LARGE + 1);
            appender.flush();
            appender.awaitKept(new Lsn(50), Duration.ofSeconds(30));
        }
        AtomicReference<Applier> second = new AtomicReference<>();
        second.set(
                applier(
                        positions,
                        marker -> {
                            if (marker.equals("all is here")) {
                                second.get().close();
                            }
                        }));
        try {
            second.get().run();
        } catch (InterruptedException e) {
            assertThat(e).hasMessageContaining("closed");
        }
        assertThat(Pair.rows(pair.target(), "SELECT count(*) FROM item"))
                .containsExactly("(" + (LARGE + 1) + ")");
    }

    @Test
    void ofTwoAppliersOfOneEpochOnlyOneWrites() throws Exception {
        Positions positions = new Positions(fixture.run, 0, 1);
        positions.create(pair.target(), new Positions.Position(new Lsn(10), 0, true));
        AtomicReference<Applier> old = new AtomicReference<>();
        old.set(applier(positions, _ -> {}));
        AtomicReference<Applier> young = new AtomicReference<>();
        young.set(applier(positions, _ -> young.get().close()));
        try (LogAppender appender = log.appender(1)) {
            transaction(appender, 20, 1, 3);
            marker(appender, 30, "done", 3);
            appender.flush();
            appender.awaitKept(new Lsn(30), Duration.ofSeconds(30));
        }
        young.get().run();
        assertThatThrownBy(() -> old.get().run()).hasMessageContaining("another applier");
        assertThat(Pair.rows(pair.target(), "SELECT count(*) FROM item")).containsExactly("(3)");
    }

    private Applier applier(Positions positions, Consumer<String> onMarker) {
        return new Applier(
                new Applier.Settings(
                        pair.target(),
                        positions,
                        fixture.run,
                        fixture.routes(Lsn.ZERO),
                        log,
                        new ApplyGate(),
                        onMarker));
    }

    private static void transaction(LogAppender appender, long end, int from, int to) {
        appender.append(new Change.Begin());
        for (int i = from; i <= to; i++) {
            appender.append(new Change.Insert(ITEM, new Tuple(new String[] {"" + i})));
        }
        appender.append(commit(end, to));
    }

    private static void marker(LogAppender appender, long end, String text, long changes) {
        appender.append(new Change.Begin());
        appender.append(new Change.Marker(text));
        appender.append(commit(end, changes));
    }

    private static Change.Commit commit(long end, long changes) {
        return new Change.Commit(new Lsn(end), Instant.EPOCH, changes);
    }
}
