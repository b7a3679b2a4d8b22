package dev.lockstep.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.change.Change;
import dev.lockstep.plans.sql.Lsn;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Where a log begins that is trimmed; nothing is trimmed here.
class LogTrimmedTest {
    private static final LogTrim.Limits MOST = new LogTrim.Limits(100_000, 1L << 30, 1_000_000);

    private final ChangeLog log =
            new ChangeLog(Map.of("bootstrap.servers", "127.0.0.1:1"), false, "nowhere");
    private final AtomicReference<Optional<Lsn>> since = new AtomicReference<>(Optional.empty());
    private final LogTrim trim = new LogTrim(log, since::get, MOST);

    @AfterEach
    void close() {
        log.close();
    }

    /// Transactions of 5,000 changes each, every one in a record of its own.
    private void read(int from, int to) {
        for (int i = from; i <= to; i++) {
            trim.read(i, new Change.Commit(new Lsn(100L * i), Instant.EPOCH, 5_000L * i));
        }
    }

    @Test
    void whatTheStandbyHasGoesWhereNobodyWantsIt() {
        read(1, 10);
        trim.applied(9);
        assertThat(trim.upTo()).isEqualTo(9);
    }

    @Test
    void whatCameAfterThePositionStays() {
        since.set(Optional.of(new Lsn(650)));
        read(1, 15);
        trim.applied(15);
        // The last place before it that was noted; not each one is.
        assertThat(trim.upTo()).isBetween(3L, 6L);
        since.set(Optional.of(new Lsn(1400)));
        assertThat(trim.upTo()).isBetween(11L, 14L);
        trim.applied(5);
        assertThat(trim.upTo()).isEqualTo(5);
    }

    @Test
    void ofTooMuchTheOldestGoes() {
        since.set(Optional.of(Lsn.ZERO));
        read(1, 10);
        trim.applied(10);
        assertThat(trim.upTo()).isEqualTo(1);
        read(11, 100);
        trim.applied(100);
        assertThat(trim.upTo()).isBetween(75L, 85L);
    }

    @Test
    void largeValuesAndIdleTimesCountToo() {
        since.set(Optional.of(Lsn.ZERO));
        trim.read(1, new Change.Commit(new Lsn(1), Instant.EPOCH, 1));
        trim.read(1L << 29);
        trim.read(2, new Change.Commit(new Lsn(2), Instant.EPOCH, 2));
        trim.read((1L << 29) + 1);
        trim.read(3, new Change.Commit(new Lsn(3), Instant.EPOCH, 3));
        trim.applied(3);
        assertThat(trim.upTo()).isEqualTo(2);
        trim.read(1_000_003, new Change.Commit(new Lsn(4), Instant.EPOCH, 3));
        trim.applied(1_000_003);
        assertThat(trim.upTo()).isEqualTo(3);
    }
}
