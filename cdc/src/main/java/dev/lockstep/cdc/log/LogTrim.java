package dev.lockstep.cdc.log;

import dev.lockstep.cdc.change.Change.Commit;
import dev.lockstep.plans.sql.Lsn;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.function.Supplier;

/// Has a log forget what nobody will read any more: what the standby has, but for what came after a
/// position that somebody names, as long as that is not too much.
///
/// Thread rule: that of the reader alone.
public final class LogTrim {
    private static final long EVERY_NANOS = Duration.ofSeconds(5).toNanos();

    private static final Limits KEPT_MAX = new Limits(1_000_000, 256L << 20, 200_000);
    private static final Limits BETWEEN = new Limits(10_000, 4L << 20, 2_000);

    private final ChangeLog log;
    private final Supplier<Optional<Lsn>> since;
    private final Limits most;
    private final Deque<Sample> samples = new ArrayDeque<>();
    private long chars;
    private long applied;
    private long trimmed;
    private long trimmedAtNanos = System.nanoTime();

    /// How far two places of a log are from each other.
    ///
    /// @param chars of the changes' values
    record Limits(long changes, long chars, long records) {
        private boolean areBroken(Sample from, Sample to) {
            return to.changes - from.changes > changes
                    || to.chars - from.chars > chars
                    || to.offset - from.offset > records;
        }
    }

    /// A place in the log: whatever begins before the record at `offset` has ended at `end`.
    private record Sample(long offset, Lsn end, long changes, long chars) {}

    /// Trims `log`.
    ///
    /// @param since what came after it is to be kept; nothing is, where it is empty
    public LogTrim(ChangeLog log, Supplier<Optional<Lsn>> since) {
        this(log, since, KEPT_MAX);
    }

    LogTrim(ChangeLog log, Supplier<Optional<Lsn>> since, Limits most) {
        this.log = log;
        this.since = since;
        this.most = most;
    }

    /// Changes were read that take so many characters.
    public void read(long more) {
        chars += more;
    }

    /// All of a transaction was read, which begins in the record at `offset`.
    public void read(long offset, Commit commit) {
        Sample now = new Sample(offset, commit.end(), commit.changes(), chars);
        Sample last = samples.peekLast();
        // One that comes again has others before it that end later.
        if (last == null || (now.end.isAfter(last.end) && BETWEEN.areBroken(last, now))) {
            samples.add(now);
        }
    }

    /// The standby has whatever begins before the record at `offset`.
    public void applied(long offset) {
        applied = offset;
    }

    /// Trims where it is time for it.
    public void nowAndThen() {
        long now = System.nanoTime();
        if (now - trimmedAtNanos > EVERY_NANOS) {
            long upTo = upTo();
            if (upTo > trimmed) {
                log.trim(upTo);
                trimmed = upTo;
                trimmedAtNanos = now;
            }
        }
    }

    /// Where what is kept begins.
    long upTo() {
        Optional<Lsn> kept = since.get();
        if (kept.isEmpty() || samples.isEmpty()) {
            return applied;
        }
        Sample first = samples.removeFirst();
        while (!samples.isEmpty() && isPast(samples.getFirst(), kept.get(), first)) {
            first = samples.removeFirst();
        }
        samples.addFirst(first);
        return Math.min(applied, first.offset);
    }

    private boolean isPast(Sample sample, Lsn kept, Sample first) {
        Sample last = samples.getLast();
        return !sample.end.isAfter(kept) || most.areBroken(first, last);
    }
}
