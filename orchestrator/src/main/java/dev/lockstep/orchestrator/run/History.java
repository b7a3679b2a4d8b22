package dev.lockstep.orchestrator.run;

import dev.lockstep.orchestrator.run.RunEvent.StandbyTouched;
import dev.lockstep.orchestrator.run.RunEvent.Switched;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.plans.fault.Fault;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What the journal says of a run: its state, the last verification and switch, and what has
/// touched a standby, each kind of it once.
///
/// @param verifiedSinceSwitch whether the last verification came after the last switch, so that its
///   cut is a position of the active that is
public record History(
        RunState state,
        Optional<Verified> lastVerification,
        boolean verifiedSinceSwitch,
        Optional<LastSwitch> lastSwitch,
        List<StandbyTouched> alarms) {
    /// A run of which nothing is written yet.
    public static final History NEW = started(new RunState.Planned());

    public History {
        alarms = List.copyOf(alarms);
    }

    private static History started(RunState state) {
        return new History(state, Optional.empty(), false, Optional.empty(), List.of());
    }

    /// The last switch that came to its end.
    ///
    /// @param others the target's tables around the run's that the source does not have
    public record LastSwitch(
            Side from, Side to, double pauseMillis, String at, List<String> others) {
        public LastSwitch {
            others = List.copyOf(others);
        }
    }

    private static boolean isRefusal(String fault) {
        return fault.equals(Fault.CHANGE_REFUSED.name())
                || fault.equals(Fault.STATEMENT_FAILED.name());
    }

    /// This history with one more event. A verification counts for nothing more once something
    /// could not be carried: the remedy may be a statement that leaves no trace but in the rows.
    /// Nor does it after a write to the standby.
    public History after(RunEvent event) {
        RunState next = RunMachine.next(state, event);
        return switch (event) {
            case RunEvent.Started _ -> started(next);
            case Verified verified ->
                    new History(next, Optional.of(verified), true, lastSwitch, alarms);
            case Switched(double pause, String at, List<String> others) -> {
                Side to = next.activeSide().orElseThrow();
                yield new History(
                        next,
                        lastVerification,
                        false,
                        Optional.of(new LastSwitch(to.other(), to, pause, at, others)),
                        alarms);
            }
            case StandbyTouched alarm -> outdated(next, with(alarm));
            case RunEvent.Failed(String fault, String _) when isRefusal(fault) ->
                    outdated(next, alarms);
            default -> new History(next, lastVerification, verifiedSinceSwitch, lastSwitch, alarms);
        };
    }

    private History outdated(RunState next, List<StandbyTouched> alarms) {
        return new History(
                next,
                lastVerification.map(Verified::outdated),
                verifiedSinceSwitch,
                lastSwitch,
                alarms);
    }

    private List<StandbyTouched> with(StandbyTouched alarm) {
        return isKnown(alarm.what())
                ? alarms
                : Stream.concat(alarms.stream(), Stream.of(alarm)).toList();
    }

    private boolean isKnown(String what) {
        return alarms.stream().anyMatch(alarm -> alarm.what().equals(what));
    }

    /// Whether that was told, and nothing was compared since.
    public boolean isTold(String what) {
        return isKnown(what) && lastVerification.filter(Verified::isCurrent).isEmpty();
    }
}
