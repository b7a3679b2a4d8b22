package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.apply.Route;
import dev.lockstep.cdc.log.EmbeddedBroker;
import dev.lockstep.plans.catalog.Catalog;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.catalog.Table;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.Pair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/// A stream between the two databases of a [Pair], with one broker for all tests of the JVM.
public final class StreamFixture {
    private static final AtomicInteger RUNS = new AtomicInteger();

    final String run = "t" + RUNS.incrementAndGet() + "-" + ProcessHandle.current().pid();
    final Pair pair;
    private long epoch;

    public StreamFixture(Pair pair) {
        this.pair = pair;
        OwnTables.migrate(pair.source());
        OwnTables.migrate(pair.target());
    }

    private static final class Broker {
        static final EmbeddedBroker INSTANCE = start();

        private static EmbeddedBroker start() {
            try {
                Path folder = Files.createTempDirectory("lockstep-kafka");
                EmbeddedBroker broker = EmbeddedBroker.start(folder);
                Runtime.getRuntime().addShutdownHook(new Thread(broker::close));
                return broker;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static KafkaAccess kafka() {
        return KafkaAccess.to(Broker.INSTANCE);
    }

    public String run() {
        return run;
    }

    /// A replication that goes on where the last one of this run stopped.
    public Replication open() {
        return new Replication(
                new Replication.Spec(
                        run, 0, ++epoch, pair.source(), pair.target(), routes(Lsn.ZERO), kafka()));
    }

    /// Starts a stream between two databases that are equal.
    public Replication openStrict() {
        Replication replication = open();
        Lsn from = replication.prepare();
        replication.startAt(from, true);
        replication.startCapture();
        replication.startApply(replication.spec().routes());
        return replication;
    }

    void assertEqualRows(String... tables) {
        for (String table : tables) {
            String sql = "SELECT * FROM %s AS r ORDER BY r::text".formatted(table);
            assertThat(Pair.rows(pair.target(), sql)).isEqualTo(Pair.rows(pair.source(), sql));
        }
    }

    List<Route> routes(Lsn copiedAt) {
        Map<dev.lockstep.plans.catalog.TableName, Table> standby = catalog(pair.target()).tables();
        return catalog(pair.source()).rowTables().stream()
                .map(t ->
                        new Route(
                                t,
                                java.util.Objects.requireNonNull(standby.get(t.name())),
                                Map.of(),
                                t.changeKey().isPresent() ? Lsn.ZERO : copiedAt))
                .toList();
    }

    private static Catalog catalog(Db db) {
        try (Session session = db.session("catalog")) {
            return Catalog.read(session, Scope.ALL);
        }
    }
}
