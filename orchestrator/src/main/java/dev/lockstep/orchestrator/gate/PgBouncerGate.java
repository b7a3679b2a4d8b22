package dev.lockstep.orchestrator.gate;

import dev.lockstep.orchestrator.pgbouncer.Bouncer;
import dev.lockstep.orchestrator.pgbouncer.BouncerCheck;
import dev.lockstep.orchestrator.pgbouncer.Resumer;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.fault.Problems;
import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.gate.GateSpec.Server;
import dev.lockstep.plans.work.TaskGroup;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Clients come through PgBouncers. All are paused, led to the other server and resumed; a process
/// beside this one resumes them should this one die.
final class PgBouncerGate implements Gate {
    private final List<One> all;
    private final GateSpec.PgBouncers spec;
    private final Side from;
    private final Duration pauseMax;
    private @Nullable Resumer resumer;
    private boolean held;

    private record One(Bouncer bouncer, Server to) {}

    private interface Work {
        void on(One one);
    }

    PgBouncerGate(GateSpec.PgBouncers spec, Side from, Duration pauseMax) {
        this.spec = spec;
        this.from = from;
        this.pauseMax = pauseMax;
        this.all =
                spec.all().stream()
                        .map(each -> new One(new Bouncer(each), server(each, from.other())))
                        .toList();
    }

    private static Server server(GateSpec.PgBouncer bouncer, Side side) {
        return side == Side.SOURCE ? bouncer.source() : bouncer.target();
    }

    @Override
    public void check(Problems problems) {
        for (GateSpec.PgBouncer each : spec.all()) {
            new BouncerCheck(each, server(each, from), pauseMax, problems).check();
        }
    }

    @Override
    public boolean holds() {
        return true;
    }

    /// One after the other: several may share a file.
    @Override
    public void prepare() {
        all.forEach(one -> one.bouncer().prepare(one.to()));
        resumer = Resumer.start(spec.all(), pauseMax);
    }

    @Override
    public void hold(Duration atMost) {
        Objects.requireNonNull(resumer, "prepare comes first").arm();
        onAll(one -> one.bouncer().pause(atMost));
        held = true;
    }

    @Override
    public void move() {
        List<LockstepException> failures = new CopyOnWriteArrayList<>();
        // Two that share a file must not replace it at the same time.
        List<One> edited =
                all.stream()
                        .filter(one -> isDone(o -> o.bouncer().edit(o.to()), one, failures))
                        .toList();
        onEach(edited, one -> one.bouncer().leadTo(one.to()), failures);
        throwIfAny(failures);
    }

    @Override
    public void release() {
        onAll(one -> one.bouncer().resume());
        dismissResumer();
    }

    /// A PAUSE that was not answered may be done yet, when all are resumed: who resumes is left to
    /// watch for that.
    @Override
    public void undo() {
        if (held || resumer == null) {
            release();
        } else {
            onAll(one -> one.bouncer().resume());
        }
    }

    private void dismissResumer() {
        if (resumer != null) {
            resumer.dismiss();
            resumer = null;
        }
    }

    private void onAll(Work work) {
        List<LockstepException> failures = new CopyOnWriteArrayList<>();
        onEach(all, work, failures);
        throwIfAny(failures);
    }

    /// On all at the same time; one that fails keeps no other from being done.
    private static void onEach(List<One> some, Work work, List<LockstepException> failures) {
        try (TaskGroup tasks = TaskGroup.named("gate")) {
            for (One one : some) {
                tasks.fork(
                        one.bouncer().label(),
                        () -> {
                            boolean _ = isDone(work, one, failures);
                        });
            }
            tasks.joinOrThrow();
        }
    }

    private static boolean isDone(Work work, One one, List<LockstepException> failures) {
        try {
            work.on(one);
            return true;
        } catch (LockstepException e) {
            failures.add(e);
            return false;
        }
    }

    private static void throwIfAny(List<LockstepException> failures) {
        if (!failures.isEmpty()) {
            String told =
                    failures.stream()
                            .map(LockstepException::text)
                            .collect(Collectors.joining("; and "));
            LockstepException first = failures.getFirst();
            throw new LockstepException(first.fault(), told, first);
        }
    }

    /// What may be paused still is left to the resumer.
    @Override
    public void close() {
        all.forEach(one -> one.bouncer().close());
        if (resumer != null) {
            resumer.close();
            resumer = null;
        }
    }
}
