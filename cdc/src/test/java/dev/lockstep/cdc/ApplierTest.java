package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.cdc.apply.Applier;
import dev.lockstep.cdc.apply.ApplyGate;
import dev.lockstep.cdc.apply.Positions;
import dev.lockstep.cdc.change.Change;
import dev.lockstep.cdc.change.Layout;
import dev.lockstep.cdc.change.Tuple;
import dev.lockstep.cdc.log.ChangeLog;
import dev.lockstep.cdc.log.LogAppender;
import dev.lockstep.cdc.recent.RecentChanges;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// An applier on a log that the test writes itself, so that it knows what comes in one piece.
class ApplierTest {
    private static final Layout ITEM =
            new Layout(
                    new TableName("public", "item"), List.of(new Layout.Field("id", 1)), List.of());

    /// More than an applier holds of one transaction, and still one frame.
    private static final int LARGE = 20_500;

    private final Pair pair = Pair.create();
    private final StreamFixture fixture = new StreamFixture(pair);
    private final ChangeLog log = new ChangeLog(StreamFixture.kafka().client(), true, topic());

    private String topic() {
        return "lockstep." + fixture.run + ".applier";
    }

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
        positions.create(pair.target(), new Positions.Position(new Lsn(10), 0, true), 1);
        try (LogAppender appender = log.appender(1)) {
            marker(appender, 20, "close now", 0);
            transaction(appender, 30, 1, LARGE);
            transaction(appender, 40, LARGE + 1, LARGE + 1);
            appender.flush();
            appender.awaitKept(new Lsn(40), Duration.ofSeconds(30));
        }
        AtomicReference<Applier> first = new AtomicReference<>();
        first.set(applier(positions, _ -> first.get().close()));
        runOut(first.get());
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
        runOut(second.get());
        assertThat(Pair.rows(pair.target(), "SELECT count(*) FROM item"))
                .containsExactly("(" + (LARGE + 1) + ")");
    }

    /// Lets an applier work until it is closed.
    private static void runOut(Applier applier) {
        try {
            applier.run();
        } catch (InterruptedException e) {
            assertThat(e).hasMessageContaining("closed");
        }
        // It may leave its thread interrupted, for the one that usually runs it.
        var _ = Thread.interrupted();
    }

    @Test
    void ofTwoAppliersOfOneEpochOnlyOneWrites() {
        // Without a key nothing else would keep the second from writing the rows again.
        pair.onBoth("ALTER TABLE item DROP CONSTRAINT item_pkey");
        Positions positions = new Positions(fixture.run, 0, 1);
        positions.create(pair.target(), new Positions.Position(new Lsn(10), 0, true), 1);
        AtomicReference<Applier> old = new AtomicReference<>();
        old.set(applier(positions, _ -> old.get().close()));
        AtomicReference<Applier> young = new AtomicReference<>();
        young.set(applier(positions, _ -> young.get().close()));
        try (LogAppender appender = log.appender(1)) {
            transaction(appender, 20, 1, 3);
            marker(appender, 30, "done", 3);
            appender.flush();
            runOut(young.get());
            transaction(appender, 40, 4, 5);
            marker(appender, 50, "done", 5);
            appender.flush();
        }
        Throwable refused = catchThrowable(() -> old.get().run());
        assertThat(Pair.rows(pair.target(), "SELECT count(*) FROM item")).containsExactly("(3)");
        assertThat(refused).hasMessageContaining("another applier");
    }

    /// The second of three records never arrives: the end of one transaction and the start of the
    /// next. The next writer brings both again.
    @Test
    void halvesOfTwoTransactionsAroundAHoleAreNotOne() throws Exception {
        Positions positions = new Positions(fixture.run, 0, 1);
        positions.create(pair.target(), new Positions.Position(new Lsn(10), 0, true), 1);
        writeWithout(
                1,
                appender -> {
                    appender.append(new Change.Begin(Lsn.ZERO));
                    appender.append(insert(1));
                    appender.flush();
                    appender.append(insert(2));
                    appender.append(commit(20, 2));
                    appender.append(new Change.Begin(Lsn.ZERO));
                    appender.append(insert(3));
                    appender.flush();
                    appender.append(insert(4));
                    appender.append(commit(30, 4));
                    marker(appender, 40, "behind the hole", 4);
                });
        List<String> markers = new ArrayList<>();
        AtomicReference<Applier> made = new AtomicReference<>();
        made.set(
                applier(
                        positions,
                        marker -> {
                            markers.add(marker);
                            made.get().close();
                        }));
        try (LogAppender appender = log.appender(1)) {
            transaction(appender, 20, 1, 2);
            transaction(appender, 30, 3, 5);
            marker(appender, 50, "all is here", 5);
            appender.flush();
            appender.awaitKept(new Lsn(50), Duration.ofSeconds(30));
        }
        runOut(made.get());
        assertThat(markers).containsExactly("all is here");
        assertThat(Pair.rows(pair.target(), "SELECT id FROM item ORDER BY id"))
                .containsExactly("(1)", "(2)", "(3)", "(4)", "(5)");
    }

    /// Has three records written to another topic, and brings all but one of them over.
    private void writeWithout(int missing, Consumer<LogAppender> writing) {
        Map<String, String> client = StreamFixture.kafka().client();
        String topic = topic() + ".whole";
        List<byte[]> records;
        try (ChangeLog whole = new ChangeLog(client, true, topic)) {
            whole.create();
            try (LogAppender appender = whole.appender(1)) {
                writing.accept(appender);
                appender.flush();
            }
            records = records(topic, 3);
            whole.delete();
        }
        records.remove(missing);
        try (var writer =
                new KafkaProducer<>(
                        new HashMap<String, Object>(client),
                        new ByteArraySerializer(),
                        new ByteArraySerializer())) {
            for (byte[] record : records) {
                var _ = writer.send(new ProducerRecord<>(topic(), record));
            }
        }
    }

    private static List<byte[]> records(String topic, int count) {
        List<byte[]> records = new ArrayList<>();
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var reader =
                new KafkaConsumer<>(
                        new HashMap<String, Object>(StreamFixture.kafka().client()),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            reader.assign(List.of(partition));
            reader.seekToBeginning(List.of(partition));
            long until = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (records.size() < count && System.nanoTime() < until) {
                reader.poll(Duration.ofMillis(100)).forEach(r -> records.add(r.value()));
            }
        }
        assertThat(records).hasSize(count);
        return records;
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
                        onMarker,
                        new RecentChanges(List.of())));
    }

    @Test
    void aStandbyThatWasSetBackIsSeen() {
        Positions positions = new Positions(fixture.run, 0, 1);
        positions.create(pair.target(), new Positions.Position(new Lsn(10), 0, true), 1);
        Applier applier = applier(positions, _ -> {});
        try (LogAppender appender = log.appender(1)) {
            appender.append(new Change.Begin(new Lsn(20)));
            appender.append(insert(2));
            appender.append(commit(30, 2));
            appender.flush();
        }
        assertThatThrownBy(applier::run)
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("set back");
        assertThat(Pair.rows(pair.target(), "SELECT id FROM item")).isEmpty();
    }

    private static void transaction(LogAppender appender, long end, int from, int to) {
        appender.append(new Change.Begin(Lsn.ZERO));
        for (int i = from; i <= to; i++) {
            appender.append(insert(i));
        }
        appender.append(commit(end, to));
    }

    private static Change insert(int id) {
        return new Change.Insert(ITEM, new Tuple(new String[] {"" + id}));
    }

    private static void marker(LogAppender appender, long end, String text, long changes) {
        appender.append(new Change.Begin(Lsn.ZERO));
        appender.append(new Change.Marker(text));
        appender.append(commit(end, changes));
    }

    private static Change.Commit commit(long end, long changes) {
        return new Change.Commit(new Lsn(end), Instant.EPOCH, changes);
    }
}
