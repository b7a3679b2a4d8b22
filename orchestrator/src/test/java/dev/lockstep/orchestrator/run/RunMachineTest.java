package dev.lockstep.orchestrator.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.orchestrator.run.RunState.Aborted;
import dev.lockstep.orchestrator.run.RunState.Aborting;
import dev.lockstep.orchestrator.run.RunState.CatchingUp;
import dev.lockstep.orchestrator.run.RunState.Completed;
import dev.lockstep.orchestrator.run.RunState.Contracting;
import dev.lockstep.orchestrator.run.RunState.Copying;
import dev.lockstep.orchestrator.run.RunState.Expanding;
import dev.lockstep.orchestrator.run.RunState.Failed;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Planned;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.RunState.Verifying;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Every state with every event: what is listed here happens, all else is refused.
class RunMachineTest {
    private static final InStep ON_SOURCE = new InStep(Side.SOURCE, 0);
    private static final InStep ON_TARGET = new InStep(Side.TARGET, 1);
    private static final InStep BACK_ON_SOURCE = new InStep(Side.SOURCE, 2);
    private static final Switching CUTOVER = new Switching(Side.SOURCE, 0, false);
    private static final Switching CUTOVER_INTENDED = new Switching(Side.SOURCE, 0, true);
    private static final Switching ROLLBACK = new Switching(Side.TARGET, 1, false);
    private static final Switching ROLLBACK_INTENDED = new Switching(Side.TARGET, 1, true);

    private static final List<RunState> WORKING =
            List.of(
                    new Planned(),
                    new Expanding(),
                    new Copying(),
                    new CatchingUp(),
                    new Verifying(),
                    ON_SOURCE,
                    ON_TARGET,
                    BACK_ON_SOURCE,
                    CUTOVER,
                    CUTOVER_INTENDED,
                    ROLLBACK,
                    ROLLBACK_INTENDED,
                    new Contracting(1, false),
                    new Contracting(1, true),
                    new Aborting(0, false),
                    new Aborting(2, true));
    private static final List<RunState> FINAL = List.of(new Completed(), new Aborted());

    private static final RunEvent.Failed FAULT = new RunEvent.Failed("UNREACHABLE", "gone");
    private static final RunEvent.AbortStarted ABORT = new RunEvent.AbortStarted(false);
    private static final RunEvent.AbortStarted ABORT_AND_KEEP = new RunEvent.AbortStarted(true);
    private static final RunEvent.SwitchStarted TO_TARGET = new RunEvent.SwitchStarted(Side.TARGET);
    private static final RunEvent.SwitchStarted TO_SOURCE = new RunEvent.SwitchStarted(Side.SOURCE);
    private static final RunEvent.SwitchUndone UNDONE = new RunEvent.SwitchUndone("why", 1.5);
    private static final RunEvent.Switched SWITCHED = new RunEvent.Switched(20.5, "now", List.of());
    private static final RunEvent TOUCHED = new RunEvent.StandbyTouched("table", "now");
    private static final RunEvent REPAIRED = new RunEvent.Repaired(3, List.of("a.b"));
    private static final RunEvent ACCEPTED =
            new RunEvent.DifferencesAccepted(3, "first", "somebody");
    private static final RunEvent SAME = verified(true);
    private static final RunEvent DIFFERENT = verified(false);

    private static final List<RunEvent> EVENTS =
            List.of(
                    new RunEvent.Started(),
                    new RunEvent.SchemaExpanded(),
                    new RunEvent.Copied(7),
                    new RunEvent.CaughtUp(1),
                    SAME,
                    DIFFERENT,
                    TO_TARGET,
                    TO_SOURCE,
                    new RunEvent.SwitchIntended(),
                    UNDONE,
                    SWITCHED,
                    TOUCHED,
                    REPAIRED,
                    ACCEPTED,
                    new RunEvent.CompletionStarted(),
                    new RunEvent.Contracted(),
                    ABORT,
                    ABORT_AND_KEEP,
                    new RunEvent.CleanedUp(),
                    FAULT,
                    new RunEvent.Resumed());

    private record Given(RunState state, RunEvent event) {}

    private static RunEvent verified(boolean match) {
        return new RunEvent.Verified(
                match, false, 3, 100, match ? 0 : 2, "", "0/1", "then", 4, "f", "now", List.of());
    }

    private static Stream<RunState> states() {
        return Stream.of(WORKING, FINAL, WORKING.stream().map(RunMachineTest::failed).toList())
                .flatMap(List::stream);
    }

    private static RunState failed(RunState in) {
        return new Failed(in, FAULT.fault(), FAULT.message());
    }

    /// What leads where: the way there, the ways between, the ends, abort, faults.
    private static Map<Given, RunState> moves() {
        Map<Given, RunState> moves = new HashMap<>();
        moves.put(new Given(new Planned(), new RunEvent.Started()), new Expanding());
        moves.put(new Given(new Aborted(), new RunEvent.Started()), new Expanding());
        moves.put(new Given(new Expanding(), new RunEvent.SchemaExpanded()), new Copying());
        moves.put(new Given(new Copying(), new RunEvent.Copied(7)), new CatchingUp());
        moves.put(new Given(new CatchingUp(), new RunEvent.CaughtUp(1)), new Verifying());
        moves.put(new Given(new Verifying(), SAME), ON_SOURCE);
        moves.put(new Given(new Verifying(), DIFFERENT), new Verifying());
        moves.put(new Given(new Verifying(), REPAIRED), new Verifying());
        for (InStep inStep : List.of(ON_SOURCE, ON_TARGET, BACK_ON_SOURCE)) {
            moves.put(new Given(inStep, SAME), inStep);
            moves.put(new Given(inStep, DIFFERENT), inStep);
            moves.put(new Given(inStep, TOUCHED), inStep);
            moves.put(new Given(inStep, REPAIRED), inStep);
            moves.put(new Given(inStep, ACCEPTED), inStep);
        }
        moves.put(new Given(ON_SOURCE, TO_TARGET), CUTOVER);
        moves.put(new Given(BACK_ON_SOURCE, TO_TARGET), new Switching(Side.SOURCE, 2, false));
        moves.put(new Given(ON_TARGET, TO_SOURCE), ROLLBACK);
        for (Switching cutover : List.of(CUTOVER, CUTOVER_INTENDED)) {
            moves.put(new Given(cutover, new RunEvent.SwitchIntended()), CUTOVER_INTENDED);
            moves.put(new Given(cutover, UNDONE), ON_SOURCE);
            moves.put(new Given(cutover, SWITCHED), ON_TARGET);
        }
        for (Switching rollback : List.of(ROLLBACK, ROLLBACK_INTENDED)) {
            moves.put(new Given(rollback, new RunEvent.SwitchIntended()), ROLLBACK_INTENDED);
            moves.put(new Given(rollback, UNDONE), ON_TARGET);
            moves.put(new Given(rollback, SWITCHED), BACK_ON_SOURCE);
        }
        addEnds(moves);
        addLateDifferences(moves);
        addAborts(moves);
        addFaults(moves);
        return moves;
    }

    private static void addEnds(Map<Given, RunState> moves) {
        moves.put(
                new Given(ON_TARGET, new RunEvent.CompletionStarted()), new Contracting(1, false));
        moves.put(
                new Given(new Contracting(1, false), new RunEvent.Contracted()),
                new Contracting(1, true));
        moves.put(new Given(new Contracting(1, true), new RunEvent.CleanedUp()), new Completed());
        for (Aborting aborting : List.of(new Aborting(0, false), new Aborting(2, true))) {
            moves.put(new Given(aborting, new RunEvent.CleanedUp()), new Aborted());
        }
    }

    private static void addLateDifferences(Map<Given, RunState> moves) {
        for (Switching any : List.of(CUTOVER, CUTOVER_INTENDED, ROLLBACK, ROLLBACK_INTENDED)) {
            moves.put(new Given(any, DIFFERENT), any);
            moves.put(new Given(any, ACCEPTED), any);
        }
    }

    private static void addAborts(Map<Given, RunState> moves) {
        Map<RunState, Integer> streams = new HashMap<>();
        streams.put(new Planned(), 0);
        streams.put(new Expanding(), 0);
        streams.put(new Copying(), 0);
        streams.put(new CatchingUp(), 0);
        streams.put(new Verifying(), 0);
        streams.put(ON_SOURCE, 0);
        streams.put(BACK_ON_SOURCE, 2);
        streams.forEach((state, stream) -> {
            for (RunState from : List.of(state, failed(state))) {
                moves.put(new Given(from, ABORT), new Aborting(stream, false));
                moves.put(new Given(from, ABORT_AND_KEEP), new Aborting(stream, true));
            }
        });
        for (Aborting already : List.of(new Aborting(0, false), new Aborting(2, true))) {
            for (RunState from : List.of(already, failed(already))) {
                moves.put(new Given(from, ABORT), already);
                // Whoever asked for it once keeps the target.
                moves.put(new Given(from, ABORT_AND_KEEP), new Aborting(already.stream(), true));
            }
        }
    }

    private static void addFaults(Map<Given, RunState> moves) {
        for (RunState state : WORKING) {
            moves.put(new Given(state, FAULT), failed(state));
            moves.put(new Given(failed(state), FAULT), failed(state));
            moves.put(new Given(failed(state), new RunEvent.Resumed()), state);
        }
        for (RunState over : FINAL) {
            moves.put(new Given(over, FAULT), over);
        }
    }

    @Test
    void everyKindOfStateAndEventIsTried() {
        assertThat(states().map(Object::getClass).distinct())
                .hasSize(RunState.class.getPermittedSubclasses().length);
        assertThat(EVENTS.stream().map(Object::getClass).distinct())
                .hasSize(RunEvent.class.getPermittedSubclasses().length);
    }

    @Test
    void whatTheDesignAllowsLeadsWhereItSays() {
        moves().forEach((given, next) ->
                assertThat(RunMachine.next(given.state(), given.event()))
                        .as(given.toString())
                        .isEqualTo(next));
    }

    @Test
    void allElseIsRefusedByName() {
        Map<Given, RunState> moves = moves();
        List<Given> rest = new ArrayList<>();
        states().forEach(state -> EVENTS.forEach(event -> rest.add(new Given(state, event))));
        rest.removeIf(moves::containsKey);
        assertThat(rest).hasSize(states().toList().size() * EVENTS.size() - moves.size());
        for (Given given : rest) {
            assertThatThrownBy(() -> RunMachine.next(given.state(), given.event()))
                    .as(given.toString())
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.WRONG_STATE))
                    .hasMessageContaining("the run is " + named(given).label())
                    .hasMessageContaining(given.event().getClass().getSimpleName());
        }
    }

    /// Abort looks at the state in which a run failed.
    private static RunState named(Given given) {
        return given.event() instanceof RunEvent.AbortStarted
                        && given.state() instanceof Failed(RunState in, var _, var _)
                ? in
                : given.state();
    }

    @Test
    void noSwitchAndNoEndIsReachedWithoutACleanVerification() {
        for (RunState state : List.of(new Copying(), new CatchingUp(), new Verifying())) {
            for (RunEvent event : EVENTS) {
                if (!event.equals(SAME) && moves().get(new Given(state, event)) != null) {
                    assertThat(RunMachine.next(state, event))
                            .isNotInstanceOfAny(InStep.class, Switching.class, Completed.class);
                }
            }
        }
    }

    @Test
    void aSwitchLeavesNobodyInChargeUntilItIsKnown() {
        assertThat(states().filter(s -> s.activeSide().isEmpty()))
                .allMatch(s ->
                        s instanceof Switching
                                || (s instanceof Failed f && f.in() instanceof Switching));
        assertThat(CUTOVER.activeSide()).isEmpty();
        assertThat(new Contracting(1, false).activeSide()).contains(Side.TARGET);
        assertThat(new Aborting(2, true).activeSide()).contains(Side.SOURCE);
        assertThat(failed(ON_TARGET).activeSide()).contains(Side.TARGET);
    }
}
