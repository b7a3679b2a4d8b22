package dev.lockstep.orchestrator.random;

import dev.lockstep.orchestrator.kill.Databases;
import dev.lockstep.orchestrator.kill.HookedRun;
import dev.lockstep.orchestrator.kill.Waiting;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Impatient;
import dev.lockstep.testing.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongBiFunction;
import org.jspecify.annotations.Nullable;

/// What one process does for a run, up to its end. The process is a thread of this one with ways of
/// its own to both databases: when it is killed both are cut for good, the files of that moment are
/// what it leaves, and nothing that its threads still do reaches anybody.
final class Life implements HookedRun.Hook, AutoCloseable {
    /// Where nothing has happened, what fails more often fails for good.
    private static final int RETRIES_MAX = 2;

    private final Scene scene;
    private final Path home;
    private final List<Mishap> mishaps;
    private final Random random;
    private final Map<Side, Proxy> network = new EnumMap<>(Side.class);
    private final ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor();
    private final CompletableFuture<Boolean> settled = new CompletableFuture<>();
    private final CompletableFuture<End> end = new CompletableFuture<>();
    private final Thread thread;
    private int hooks;
    private int retries;
    private volatile boolean dead;
    private volatile @Nullable Runnable stop;

    /// What all lives of a run share.
    interface Scene {
        Databases databases();

        /// Writes the plan for a process that reaches the databases by these addresses.
        Path plan(Path home, String source, String target);

        int switches();

        boolean mayEnd();

        /// Whether something has gone wrong that may have consequences.
        boolean isTroubled();

        void troubled();

        void say(String text);

        /// Lets the applications do something.
        void breathe();
    }

    /// @param home where the next life finds the files of this one
    /// @param failure what it ended with
    record End(boolean over, Path home, @Nullable Throwable failure) {}

    Life(Scene scene, Path home, List<Mishap> mishaps, Random random) {
        this.scene = scene;
        this.home = home;
        this.mishaps = mishaps;
        this.random = random;
        for (Side side : Side.values()) {
            network.put(side, Proxy.to(scene.databases().of(side).endpoint().port()));
        }
        this.thread = Thread.ofPlatform().name("run").start(this::live);
    }

    private Proxy proxy(Side side) {
        return java.util.Objects.requireNonNull(network.get(side));
    }

    private String url(Side side) {
        Endpoint endpoint = scene.databases().of(side).endpoint();
        return endpoint.url().replace(":" + endpoint.port(), ":" + proxy(side).port());
    }

    private void live() {
        try {
            Path plan = scene.plan(home, url(Side.SOURCE), url(Side.TARGET));
            String last = scene.switches() % 2 == 0 ? "abort" : "complete";
            new HookedRun(plan, scene.switches(), last, this).work(this::connect);
            end.complete(new End(true, home, null));
        } catch (RuntimeException | AssertionError e) {
            end.complete(new End(false, home, e));
        }
    }

    private Db connect(Endpoint endpoint, String name) {
        boolean stalls = mishaps.stream().anyMatch(m -> m.kind() == Mishap.Kind.STALLED);
        return stalls ? Impatient.of(endpoint, name) : Db.of(endpoint, name);
    }

    /// Is done when the run is in step for the last time, or this life has ended before.
    CompletableFuture<Object> settledOrEnd() {
        return CompletableFuture.anyOf(settled, end);
    }

    CompletableFuture<End> end() {
        return end;
    }

    @Override
    public void begun(Runnable how) {
        stop = how;
    }

    @Override
    public void reached(String point) {
        if (dead) {
            throw new LockstepException(Fault.INTERRUPTED, "dead");
        }
        say("at " + point);
        int now = hooks++;
        mishaps.stream().filter(mishap -> mishap.hook() == now).forEach(this::plan);
        if (point.equals("in-step")) {
            scene.breathe();
        } else if (point.equals("settled")) {
            settled.complete(true);
        }
    }

    private void plan(Mishap mishap) {
        if (mishap.millis() == 0) {
            happen(mishap);
        } else {
            var _ = later.schedule(() -> happen(mishap), mishap.millis(), TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void happen(Mishap mishap) {
        if (dead || end.isDone()) {
            return;
        }
        say("now " + mishap);
        scene.troubled();
        Proxy proxy = proxy(mishap.side());
        switch (mishap.kind()) {
            case CUT -> {
                proxy.cut();
                var _ = later.schedule(() -> heal(proxy), mishap.length(), TimeUnit.MILLISECONDS);
            }
            // Debezium's own connection is found by the server, which takes longer.
            case STALLED -> proxy.stall("lockstep");
            case COMMIT_UNANSWERED -> proxy.cutAfterNext("COMMIT");
            case STOPPED -> {
                Runnable how = stop;
                if (how == null) {
                    thread.interrupt();
                } else {
                    how.run();
                }
            }
            case KILLED -> die((_, length) -> length);
            case TORN -> {
                network.values().forEach(Proxy::swallow);
                Map<Path, Long> heard = LogImage.lengths(home);
                LockSupport.parkNanos(mishap.length() * 1_000_000L);
                die((file, length) -> torn(heard, file, length));
            }
        }
    }

    private synchronized void heal(Proxy proxy) {
        if (!dead) {
            proxy.heal();
        }
    }

    /// Kills it, and sets the log back to what it was once.
    ///
    /// @param lengths as [LogImage#lengths] told them
    void dieSetBack(Map<Path, Long> lengths) {
        die((file, length) -> lengths.getOrDefault(file, length));
    }

    /// @param left how much of a segment there is still, of so many bytes
    private synchronized void die(ToLongBiFunction<Path, Long> left) {
        dead = true;
        network.values().forEach(Proxy::cut);
        Path heir = home.resolveSibling(home.getFileName() + "i");
        LogImage.copy(home, heir);
        LogImage.lengths(heir)
                .forEach((file, length) ->
                        LogImage.tear(heir.resolve(file), left.applyAsLong(file, length)));
        end.complete(new End(false, heir, new LockstepException(Fault.INTERRUPTED, "killed")));
        Thread.ofVirtual().start(this::finishOff);
    }

    /// Some of what has come since the log was `heard` of.
    private long torn(Map<Path, Long> heard, Path file, long length) {
        long kept = Math.min(length, heard.getOrDefault(file, 0L));
        long left = kept + random.nextLong(length - kept + 1);
        scene.say("%s ends at %d of %d..%d".formatted(file.getFileName(), left, kept, length));
        return left;
    }

    /// What a dead life waits for does not come. Interrupted while it closes a pool or a broker, it
    /// would leave their threads behind, which the end of a real process does not.
    private void finishOff() {
        try {
            do {
                thread.interrupt();
            } while (!thread.join(Duration.ofSeconds(2)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean mayEnd() {
        return scene.mayEnd();
    }

    @Override
    public void say(String text) {
        if (!dead) {
            scene.say(text);
            retries += text.contains("trying again") ? 1 : 0;
            if (retries > RETRIES_MAX && !scene.isTroubled()) {
                end.complete(new End(false, home, new AssertionError("in vain: " + text)));
            }
        }
    }

    /// Waits for its threads, which end soon.
    @Override
    public void close() {
        synchronized (this) {
            if (!dead && thread.isAlive()) {
                die((_, length) -> length);
            }
            later.shutdownNow();
        }
        Waiting.until("a life ends", () -> !thread.isAlive(), Waiting::stacks);
        network.values().forEach(Proxy::close);
    }
}
