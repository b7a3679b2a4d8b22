package dev.lockstep.orchestrator.conduct;

import dev.lockstep.cdc.Replication;
import dev.lockstep.orchestrator.report.VerificationReport;
import dev.lockstep.orchestrator.run.RunEvent.Verified;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.orchestrator.verify.Pass;
import dev.lockstep.orchestrator.verify.Verification;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Goes on comparing while a run is in step, table after table and over and over, for a share of
/// the time. A clean pass is stored as a verification, so that a switch finds a young one; a
/// difference is stored at once, and a switch asks for a clean verification then.
///
/// Thread rule: one thread drives. The comparing is done on another one, which is not at it any
/// more when [#stop] returns.
final class Continuous implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Continuous.class);

    /// A pass begins no sooner after the last one than this, or than a quarter of how long one
    /// counts: the journal is to stay readable.
    private static final Duration PASS_EVERY_MAX = Duration.ofMinutes(5);

    private final Conductor conductor;
    private final Watcher watcher;
    private final int percent;
    private final Duration passEvery;
    private @Nullable Part part;
    private @Nullable Pass pass;
    private long touches;
    private long restUntil = System.nanoTime();

    Continuous(Conductor conductor, Watcher watcher) {
        this.conductor = conductor;
        this.watcher = watcher;
        Plan.Verify rule = conductor.run().plan().verify();
        this.percent = rule.continuousPercent();
        Duration quarter = rule.maxAge().dividedBy(4);
        this.passEvery = quarter.compareTo(PASS_EVERY_MAX) < 0 ? quarter : PASS_EVERY_MAX;
    }

    /// A part of a pass that is being compared.
    private record Part(
            Pass pass, FutureTask<Optional<Verification.Result>> task, Thread thread, long since) {}

    /// Begins the next part where it is time for it; stores what came of the last one.
    void look() {
        if (percent == 0 || !(conductor.state() instanceof InStep inStep)) {
            return;
        }
        Part running = part;
        if (running == null) {
            if (System.nanoTime() - restUntil >= 0) {
                part = start(inStep.active());
            }
        } else if (running.task().isDone()) {
            part = null;
            take(running);
        }
    }

    private Part start(Side active) {
        Flow flow = conductor.flow();
        Pass at = pass;
        if (at == null) {
            at = new Pass(conductor.run(), flow.moved(), active);
            pass = at;
            touches = conductor.touches();
        }
        Pass going = at;
        Replication stream = flow.flowing();
        Verification verification =
                new Verification(
                        conductor.run(), flow.moved(), stream, (_, _) -> stream.throwIfFailed());
        FutureTask<Optional<Verification.Result>> task =
                new FutureTask<>(() -> going.next(verification));
        Thread thread = Thread.ofVirtual().name("continuous").start(task);
        return new Part(going, task, thread, System.nanoTime());
    }

    private void take(Part done) {
        long took = System.nanoTime() - done.since();
        long rest = took * (100 - percent) / percent;
        try {
            Optional<Verification.Result> result = done.task().get();
            if (result.isPresent()) {
                store(done.pass(), result.get());
                rest = Math.max(rest, passEvery.toNanos());
                pass = null;
            }
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof LockstepException own)) {
                throw new AssertionError("comparing failed", e.getCause());
            }
            // What is wrong with the stream or a server shows where the run is driven.
            log.atInfo().addKeyValue("why", own.text()).log("some tables were not compared");
            rest = Math.max(rest, passEvery.toNanos());
            pass = null;
        } catch (InterruptedException e) {
            throw new AssertionError("it was done", e);
        }
        restUntil = System.nanoTime() + rest;
    }

    /// What is clean says nothing of a standby that was written to since the pass began.
    private void store(Pass of, Verification.Result result) {
        conductor.watchStandby();
        Verified verified = result.verified();
        if (verified.letsWritesMove() && conductor.touches() != touches) {
            log.atInfo().log("the standby was touched meanwhile, all is compared anew");
            return;
        }
        conductor.append(verified);
        if (!verified.letsWritesMove()) {
            watcher.say(Verification.notClean(verified).text());
        }
        VerificationReport.write(
                conductor.run(),
                new VerificationReport.Occasion("verify.continuous", of.active(), of.begunAt()),
                result);
    }

    /// Breaks off what is being compared; the pass begins anew later. Every part of it was at a cut
    /// of the stream as it was.
    void stop() {
        Part running = part;
        part = null;
        pass = null;
        if (running == null) {
            return;
        }
        boolean interrupted = false;
        boolean _ = running.task().cancel(true);
        while (true) {
            try {
                running.thread().join();
                break;
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop();
    }
}
