package dev.lockstep.orchestrator.run;

import dev.lockstep.orchestrator.run.RunEvent.Switched;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.plans.fault.Fault;
import java.util.List;
import java.util.Optional;

/// What the journal says of a run: its state, and the last verification and switch.
public record History(
        RunState state, Optional<Verified> lastVerification, Optional<LastSwitch> lastSwitch) {
    /// A run of which nothing is written yet.
    public static final History NEW =
            new History(new RunState.Planned(), Optional.empty(), Optional.empty());

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
    public History after(RunEvent event) {
        RunState next = RunMachine.next(state, event);
        return switch (event) {
            case RunEvent.Started _ -> new History(next, Optional.empty(), Optional.empty());
            case Verified verified -> new History(next, Optional.of(verified), lastSwitch);
            case Switched(double pause, String at, List<String> others) -> {
                Side to = next.activeSide().orElseThrow();
                yield new History(
                        next,
                        lastVerification,
                        Optional.of(new LastSwitch(to.other(), to, pause, at, others)));
            }
            case RunEvent.Failed(String fault, String _) when isRefusal(fault) ->
                    new History(next, lastVerification.map(Verified::outdated), lastSwitch);
            default -> new History(next, lastVerification, lastSwitch);
        };
    }
}
