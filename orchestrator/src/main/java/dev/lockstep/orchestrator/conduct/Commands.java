package dev.lockstep.orchestrator.conduct;

import dev.lockstep.orchestrator.ending.LastingFence;
import dev.lockstep.orchestrator.gate.Gate;
import dev.lockstep.orchestrator.report.SwitchEvidence;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Requests.Outcome;
import dev.lockstep.orchestrator.run.RunEvent;
import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.verify.OtherChecks;
import dev.lockstep.orchestrator.verify.Repair;
import dev.lockstep.orchestrator.verify.SwitchProof;
import dev.lockstep.orchestrator.verify.Verification;
import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.Amount;
import dev.lockstep.plans.fault.ExitCode;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// What an operator can ask of a run that is in step, and abort. Each command says in one sentence
/// what came of it, or fails with a fault.
public final class Commands {
    private static final Duration COME_UP_MAX = Duration.ofSeconds(30);

    private final Conductor conductor;

    public Commands(Conductor conductor) {
        this.conductor = conductor;
    }

    /// Does what was asked.
    public Outcome perform(Asked asked) throws InterruptedException {
        return switch (asked.command()) {
            case "validate" -> validate(asked);
            case "cutover" -> switchTo(Side.TARGET, asked);
            case "rollback" -> switchTo(Side.SOURCE, asked);
            case "complete" -> complete(asked);
            case "abort" -> abort(asked.has(Asked.Option.KEEP_TARGET));
            default -> throw new AssertionError("unknown command " + asked.command());
        };
    }

    /// Whether what was asked for stopped in its middle, by something that may pass: whoever has
    /// the run goes on with it, and tells then.
    public static boolean isHalfDone(RunState state, LockstepException e) {
        return e.fault().retry() == Fault.Retry.BOUNDED
                && (state instanceof RunState.Switching
                        || state instanceof RunState.Aborting
                        || state instanceof RunState.Contracting);
    }

    public static Outcome doneAfterTrouble(Asked asked) {
        return new Outcome(
                ExitCode.DONE, "%s is done, after trouble on the way".formatted(asked.command()));
    }

    /// The answer that a fault is.
    public static Outcome refused(LockstepException e) {
        return new Outcome(ExitCode.of(e.fault()), e.told());
    }

    private InStep inStep(String command) {
        if (conductor.state() instanceof InStep inStep) {
            return inStep;
        }
        throw new LockstepException(
                Fault.WRONG_STATE,
                ("%s needs a run that is in step; \"%s\" is %s: bring it there with `run "
                                + "--until in-step`")
                        .formatted(command, conductor.run().name(), conductor.state().label()));
    }

    /// As [#inStep], with its stream open, which a switch may have left closed.
    private InStep inStepAndFlowing(String command) throws InterruptedException {
        InStep inStep = inStep(command);
        conductor.advance();
        return inStep;
    }

    private Outcome validate(Asked asked) throws InterruptedException {
        if (!(conductor.state() instanceof RunState.Verifying)) {
            var _ = inStepAndFlowing("validate");
        }
        List<TableName> only = only(asked.table());
        Checks checks = conductor.checks(asked);
        if (!asked.has(Asked.Option.REPAIR)) {
            return told(checks.verify(only), "");
        }
        Checks.Repaired repaired = checks.repair(only);
        return told(repaired.found(), "\n" + Repair.text(repaired.copied()));
    }

    /// The table that is meant, which is that of the active or what partitions it; none for all.
    private List<TableName> only(String table) {
        if (table.isEmpty()) {
            return List.of();
        }
        Side active = conductor.state().activeSide().orElseThrow();
        return conductor.flow().moved().comparison(active).stream()
                .flatMap(pair ->
                        Stream.concat(
                                Stream.of(pair.active().name()), pair.active().root().stream()))
                .filter(name -> name.toString().equals(table))
                .findFirst()
                .map(List::of)
                .orElseThrow(() ->
                        new LockstepException(
                                Fault.PLAN_INVALID,
                                "no table \"%s\" in this run; give its name as schema.table"
                                        .formatted(table)));
    }

    /// The answer that a verification is.
    ///
    /// @param more what is told of the rows besides
    private static Outcome told(Verification.Result found, String more) {
        RunEvent.Verified verified = found.verified();
        String rows =
                verified.match()
                        ? ("%s of %s compared at %s, no difference; the applier stood"
                                        + " still for %d ms")
                                .formatted(
                                        Amount.of(verified.rows(), "row"),
                                        Amount.of(verified.tables(), "table"),
                                        verified.cut(),
                                        verified.heldMillis())
                        : Verification.different(verified).text();
        String text = rows + more + OtherChecks.text(found.findings());
        return verified.letsWritesMove()
                ? new Outcome(ExitCode.DONE, text, found.findings())
                : new Outcome(
                        ExitCode.DIFFERENT,
                        new LockstepException(Fault.DIFFERENT, text).told(),
                        found.findings());
    }

    private Outcome switchTo(Side to, Asked asked) throws InterruptedException {
        InStep inStep = inStepAndFlowing(to == Side.TARGET ? "cutover" : "rollback");
        if (inStep.active() == to) {
            throw new LockstepException(
                    Fault.WRONG_STATE,
                    "the %s is active already, there is nothing to switch".formatted(to.label()));
        }
        checkGate(inStep.active());
        checkLag();
        Proving proving = new Proving(conductor, to, asked);
        SwitchProof proof = proving.prove();
        checkLag();
        SwitchEvidence evidence =
                SwitchEvidence.begin(conductor.run(), conductor.flow().moved(), to, asked.want())
                        .goesBy(proof);
        try {
            conductor.switchOver().perform(proof, proving::leaveFew, evidence);
            evidence.write(conductor.history(), "");
        } catch (RuntimeException | InterruptedException e) {
            evidence.write(conductor.history(), String.valueOf(e.getMessage()));
            throw e;
        }
        double pause =
                conductor.history().lastSwitch().map(History.LastSwitch::pauseMillis).orElse(-1.0);
        return new Outcome(
                0,
                String.format(
                        Locale.ROOT,
                        "writes go to the %s \"%s\" now; write pause %.1f ms",
                        to.label(),
                        conductor.run().db(to).label(),
                        pause));
    }

    /// Fails where the standby is too far behind. A stream that has only just begun to flow again
    /// gets some time to come up.
    private void checkLag() throws InterruptedException {
        conductor.flowing().throwIfFailed();
        Duration most = conductor.run().plan().cutover().maxLag();
        if (lag().compareTo(most) <= 0) {
            return;
        }
        try {
            conductor.flowing().drain(COME_UP_MAX);
        } catch (LockstepException e) {
            if (e.fault() != Fault.LOCK_TIMEOUT) {
                throw e;
            }
            throw new LockstepException(
                    Fault.PRECONDITION,
                    ("the standby is %d ms behind and did not come up within %d s, the plan's "
                                    + "cutover.max-lag is %d ms; wait and try again")
                            .formatted(lag().toMillis(), COME_UP_MAX.toSeconds(), most.toMillis()),
                    e);
        }
    }

    private Duration lag() {
        return conductor.flowing().progress().lag();
    }

    private void checkGate(Side active) {
        Problems problems = new Problems();
        Gate.check(conductor.run().plan(), active, problems);
        problems.throwIfAny(
                Fault.PRECONDITION,
                "clients cannot be held and moved by the plan's gate; nothing was changed");
    }

    private Outcome complete(Asked asked) throws InterruptedException {
        String behind = "";
        if (!(conductor.state() instanceof RunState.Contracting)) {
            if (inStep("complete").active() == Side.SOURCE) {
                throw new LockstepException(
                        Fault.WRONG_STATE,
                        ("complete ends the way back to the source, and writes go to the source "
                                        + "\"%s\" still: `cutover` first, or `abort`")
                                .formatted(conductor.run().source().label()));
            }
            behind = bringSourceUp();
            if (behind.isEmpty()) {
                conductor.checks(asked).requireEqual(List.of());
            }
            conductor.append(new RunEvent.CompletionStarted());
        }
        if (conductor.state() instanceof RunState.Contracting contracting) {
            finish(() -> conductor.contract(contracting));
        }
        return new Outcome(
                0,
                ("completed: the data lives in \"%s\"; nothing of this run is left but its "
                                + "journal there, in schema lockstep%s")
                        .formatted(conductor.run().target().label(), behind + fence()));
    }

    private String fence() {
        LastingFence fence = new LastingFence(conductor.run());
        return fence.isWanted()
                ? "; the source \"%s\" refuses writes still, until somebody runs there: %s"
                        .formatted(conductor.run().source().label(), fence.removal())
                : "";
    }

    /// Lets the source have what was written so far. It is about to be left behind, so what cannot
    /// be brought there is told and keeps nobody from leaving.
    private String bringSourceUp() throws InterruptedException {
        try {
            conductor.advance();
            conductor.flowing().drain(COME_UP_MAX);
            return "";
        } catch (LockstepException e) {
            if (e.fault() == Fault.INTERRUPTED) {
                throw e;
            }
            return "; the source lacks the last changes: " + e.text();
        }
    }

    /// What fails half way is the run's failure, and not the command's alone. What may pass is left
    /// to whoever goes on with the run.
    private void finish(Runnable work) {
        try {
            work.run();
        } catch (LockstepException e) {
            throw e.fault().retry() == Fault.Retry.BOUNDED ? e : Failures.stored(conductor, e);
        }
    }

    private Outcome abort(boolean keepTarget) {
        if (!conductor.state().activeSide().equals(Optional.of(Side.SOURCE))) {
            throw new LockstepException(
                    Fault.WRONG_STATE,
                    ("abort gives up a run while writes go to the source, and those of \"%s\" go "
                                    + "to the target \"%s\": `rollback` first, or `complete`")
                            .formatted(conductor.run().name(), conductor.run().target().label()));
        }
        conductor.append(new RunEvent.AbortStarted(keepTarget));
        if (conductor.state() instanceof RunState.Aborting aborting) {
            finish(() -> conductor.cleanUp(aborting));
        }
        return new Outcome(
                0,
                ("aborted: the data lives in \"%s\" as before%s; nothing of this run is left but"
                                + " its journal on the target, in schema lockstep")
                        .formatted(
                                conductor.run().source().label(),
                                keepTarget ? "; the target keeps its rows" : ""));
    }
}
