package dev.lockstep.orchestrator.report;

import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.stage.Moved;
import dev.lockstep.orchestrator.switching.StepListener;
import dev.lockstep.orchestrator.verify.SwitchProof;
import dev.lockstep.orchestrator.verify.SwitchProof.FinalCheck;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.sql.Session;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Gathers what a switch does, and reports it when it is over, however it ended.
public final class SwitchEvidence {
    private static final String POSITION = "SELECT pg_current_wal_lsn()";
    private static final String SEQUENCES =
            """
            SELECT schemaname, sequencename, last_value
              FROM pg_sequences WHERE last_value IS NOT NULL ORDER BY 1, 2\
            """;

    private final Run run;
    private final Moved moved;
    private final Side to;
    private final String asked;
    private final Instant startedAt;
    private final long start = System.nanoTime();
    private final List<Step> steps = new ArrayList<>();
    private @Nullable SwitchProof proof;

    /// One step of it, in milliseconds since the switch began.
    record Step(String step, double beganAfterMillis) {}

    /// A sequence of the new active as it was found right after the switch.
    record SequenceAt(String sequence, long lastValue) {}

    /// The verification that it went by.
    ///
    /// @param clean whether it let writes move; they do otherwise where that was accepted
    record Proof(
            String verdict,
            boolean clean,
            String cut,
            String finishedAt,
            long rows,
            long differences) {}

    /// @param outcome `done`, `undone`, or `not known yet`
    /// @param reason why it was undone, or what was in its way
    /// @param pauseMillis how long no side took writes; null where that is not known
    /// @param finalCheckRows how many rows were compared once more while writes were held
    /// @param finalCheckMillis how long that took of the pause; null, as above, where it was not
    ///   come to
    /// @param positions WAL positions right after it
    record SwitchReport(
            String outcome,
            String reason,
            String from,
            String to,
            String startedAt,
            String finishedAt,
            @Nullable Double pauseMillis,
            @Nullable Long finalCheckRows,
            @Nullable Double finalCheckMillis,
            Head about,
            @Nullable Proof proof,
            List<Step> steps,
            Map<String, String> positions,
            List<SequenceAt> sequences) {}

    private SwitchEvidence(Run run, Moved moved, Side to, String asked) {
        this.run = run;
        this.moved = moved;
        this.to = to;
        this.asked = asked;
        this.startedAt = run.clock().instant();
    }

    /// To be called when it begins.
    ///
    /// @param to where writes are to move
    /// @param asked by whom
    public static SwitchEvidence begin(Run run, Moved moved, Side to, String asked) {
        SwitchEvidence evidence = new SwitchEvidence(run, moved, to, asked);
        evidence.note("prepare");
        return evidence;
    }

    /// Told what the switch goes by.
    public SwitchEvidence goesBy(SwitchProof given) {
        proof = given;
        return this;
    }

    /// Hears of the steps, and passes them on.
    public StepListener before(StepListener next) {
        return new StepListener() {
            @Override
            public void before(String step) {
                note(step);
                next.before(step);
            }

            @Override
            public void waiting(String what) {
                next.waiting(what);
            }
        };
    }

    private void note(String step) {
        steps.add(new Step(step, (System.nanoTime() - start) / 1e6));
    }

    /// Writes the report of a switch that came to its end, or to nothing.
    ///
    /// @param failure what was in its way; empty where nothing was
    public void write(History history, String failure) {
        note("end");
        Reports.write(run, "switch", () -> report(history, failure));
    }

    private SwitchReport report(History history, String failure) {
        Optional<Side> active = history.state().activeSide();
        boolean done = active.equals(Optional.of(to));
        Map<String, String> positions = new LinkedHashMap<>();
        for (Side side : Side.values()) {
            positions.put(side.label(), Head.ask(run, side, POSITION));
        }
        Optional<FinalCheck> check = Optional.ofNullable(proof).flatMap(SwitchProof::finalCheck);
        return new SwitchReport(
                done ? "done" : active.isPresent() ? "undone" : "not known yet",
                failure,
                to.other().label(),
                to.label(),
                startedAt.toString(),
                run.clock().instant().toString(),
                done ? pause(history) : null,
                check.map(FinalCheck::rows).orElse(null),
                check.map(FinalCheck::millis).orElse(null),
                Head.of(run, "switch", asked),
                history.lastVerification()
                        .map(v ->
                                new Proof(
                                        v.verdict(),
                                        v.letsWritesMove(),
                                        v.cut(),
                                        v.finishedAt(),
                                        v.rows(),
                                        v.differences()))
                        .orElse(null),
                List.copyOf(steps),
                positions,
                done ? sequences() : List.of());
    }

    private static @Nullable Double pause(History history) {
        return history.lastSwitch()
                .map(History.LastSwitch::pauseMillis)
                .filter(millis -> millis >= 0)
                .orElse(null);
    }

    /// Those that it has set, maybe gone on since.
    private List<SequenceAt> sequences() {
        Set<TableName> set = new HashSet<>(moved.sequences(to.other()).values());
        return Reports.unlessFails(List.<Found>of(), () -> run.db(to).call(SwitchEvidence::read))
                .stream()
                .filter(found -> set.contains(found.name()))
                .map(found -> new SequenceAt(found.name().toString(), found.last()))
                .toList();
    }

    private record Found(TableName name, long last) {}

    private static List<Found> read(Session session) {
        return session.rows(
                SEQUENCES,
                row ->
                        new Found(
                                new TableName(row.text("schemaname"), row.text("sequencename")),
                                row.number("last_value")));
    }
}
