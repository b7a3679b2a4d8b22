package dev.lockstep.orchestrator.status;

import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.status.Status.CopiedTable;
import dev.lockstep.plans.fault.Amount;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.function.ToLongFunction;

/// What `status` prints for people: a line for each thing that there is to tell.
final class StatusText {
    private final Status status;
    private final Instant now;
    private final StringBuilder text = new StringBuilder();

    /// @param now to tell how old things are
    StatusText(Status status, Instant now) {
        this.status = status;
        this.now = now;
    }

    String text() {
        String active = status.active();
        line("run", status.migration());
        line("state", status.state() + (active == null ? "" : " (active: " + active + ")"));
        line("worked on by", status.worker().orElse("nobody; " + next()));
        Status.Failure failure = status.failure();
        if (failure != null) {
            line("failure", failure.fault() + ": " + failure.message());
        }
        status.trouble().ifPresent(what -> line("waits for", what + "; tried again"));
        status.doing().ifPresent(what -> line("at work", what));
        if (!status.tables().isEmpty()) {
            line("copied", copied());
        }
        flow();
        Status.Verification verification = status.lastVerification();
        if (verification != null) {
            line("verified", verified(verification.more()));
            verification.more().errors().forEach(error -> line("ERROR", error));
        }
        Status.LastSwitch last = status.lastSwitch();
        if (last != null) {
            line("switched", switched(last));
        }
        status.alarms().forEach(alarm -> line("ALARM", alarm(alarm)));
        return text.toString().stripTrailing();
    }

    private void line(String name, String value) {
        text.append(String.format(Locale.ROOT, "%-13s %s%n", name, value));
    }

    private String next() {
        return switch (status.state()) {
            case "planned" -> "`run` starts it";
            case "completed" -> "it is over";
            case "aborted" -> "it is over, and `run` starts it anew";
            case "failed" -> "see the failure for what to do; `run` tries again";
            default -> "`run` goes on with it";
        };
    }

    private String copied() {
        String rows = Amount.of(sum(CopiedTable::rowsEstimated), "row");
        String chunks = Amount.of(sum(CopiedTable::chunksTotal), "chunk");
        String tables = Amount.of(status.tables().size(), "table");
        long done = sum(CopiedTable::chunksDone);
        // The first chunk is copied when all tables are counted.
        return done == 0
                ? "nothing yet; about %s in %s of %s counted so far".formatted(rows, chunks, tables)
                : String.format(
                        Locale.ROOT,
                        "%,d of about %s, %,d of %s, %s",
                        sum(CopiedTable::rowsCopied),
                        rows,
                        done,
                        chunks,
                        tables);
    }

    private long sum(ToLongFunction<CopiedTable> what) {
        return status.tables().stream().mapToLong(what).sum();
    }

    private void flow() {
        Long lag = status.lagMillis();
        long retained = status.retainedWalBytes();
        if (lag != null || status.counted()) {
            line(
                    "changes",
                    String.format(
                            Locale.ROOT,
                            "%,d captured, %,d applied%s, %s, %s of WAL retained",
                            status.changes().captured(),
                            status.changes().applied(),
                            status.lastSwitch() == null ? "" : " since the last switch",
                            lag == null ? idle() : "lag %,d ms".formatted(lag),
                            Amount.of(retained, "byte")));
        } else if (retained > 0) {
            line("retained WAL", Amount.of(retained, "byte"));
        }
        if (lag != null && status.logBytes() > 0) {
            line("change log", Amount.of(status.logBytes(), "byte") + " on disk");
        }
    }

    /// Why there is no lag to tell.
    private String idle() {
        boolean starts =
                switch (status.state()) {
                    case "copying", "catching-up", "verifying", "in-step", "switching" ->
                            status.worker().isPresent() && status.trouble().isEmpty();
                    default -> false;
                };
        return starts
                ? "the process is starting to carry changes"
                : "no process carries changes now";
    }

    private String verified(Verified last) {
        return "%s, %s; %s (%s)%s"
                .formatted(
                        last.verdict(),
                        Amount.of(last.differences(), "difference"),
                        what(last),
                        second(last.finishedAt()),
                        last.isCurrent() ? "" : "; outdated: a switch verifies again");
    }

    private String what(Verified last) {
        String age = age(Duration.between(Instant.parse(last.asOf()), now));
        return last.match()
                ? "%s at or after LSN %s, the oldest %s ago"
                        .formatted(
                                last.counted() ? "rows of every table counted" : "every row",
                                last.cut(),
                                age)
                : "found at LSN %s, %s ago".formatted(last.cut(), age);
    }

    private static String age(Duration age) {
        return age.toMinutes() < 2
                ? Amount.of(Math.max(0, age.toSeconds()), "second")
                : Amount.of(age.toMinutes(), "minute");
    }

    private static String switched(Status.LastSwitch last) {
        Double pause = last.pauseMillis();
        return "%s to %s, write pause %s, %s"
                .formatted(
                        last.from(),
                        last.to(),
                        pause == null ? "not known" : String.format(Locale.ROOT, "%.1f ms", pause),
                        second(last.at()));
    }

    private static String alarm(Alarm alarm) {
        return "%s, %s%s"
                .formatted(
                        alarm.message(),
                        second(alarm.at()),
                        alarm.verifiedSince() ? "; verified clean since" : "");
    }

    /// A moment without its fractions of a second.
    private static String second(String at) {
        return Instant.parse(at).truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
