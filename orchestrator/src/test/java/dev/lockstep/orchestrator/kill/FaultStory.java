package dev.lockstep.orchestrator.kill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.orchestrator.kill.FaultTest.Trouble;
import dev.lockstep.orchestrator.run.Side;
import dev.lockstep.plans.sql.Endpoint;
import dev.lockstep.plans.sql.Impatient;
import dev.lockstep.testing.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A run in this process from beginning to end, over a network that has the same trouble wherever
/// the run is.
final class FaultStory implements HookedRun.Hook, AutoCloseable {
    /// Whether there is trouble on the way back, too, and not only in a cutover.
    private static final boolean HEAVY = Boolean.getBoolean("lockstep.heavy");

    private static final int SWITCHES = HEAVY ? 3 : 1;
    private static final long OUTAGE_MILLIS = 700;
    private static final String CHUNKS =
            "SELECT count(*) FROM lockstep.chunk WHERE rows IS NOT NULL";

    private static final List<String> STATES =
            List.of(
                    "expanding",
                    "copying",
                    "catching-up",
                    "verifying",
                    "in-step",
                    "switching",
                    "contracting");
    private static final List<String> STEPS =
            List.of("look", "drain", "sequences", "intend", "fence", "open", "outcome", "turn");

    /// Where trouble comes once: each state, a copy in its middle, and each step of the switches.
    private static final Set<String> POINTS =
            Stream.concat(
                            STATES.stream(),
                            (HEAVY ? Stream.of(0, 1) : Stream.of(0))
                                    .flatMap(stream ->
                                            STEPS.stream().map(step -> step + "/" + stream)))
                    .collect(Collectors.toUnmodifiableSet());

    /// Whoever takes up a switch that has lost its outcome opens the new side without these.
    private static final Set<String> ALWAYS =
            POINTS.stream()
                    .filter(point -> !point.matches("(open|outcome)/.*"))
                    .collect(Collectors.toUnmodifiableSet());

    private final Path folder;
    private final Trouble trouble;
    private final Side side;
    private final Databases databases = new Databases();
    private final Application application;
    private final Witness witness;
    private final Map<Side, Proxy> network = new EnumMap<>(Side.class);
    private final Map<String, String> outcomes = new ConcurrentHashMap<>();
    private volatile String last = "";
    private final List<String> said = new CopyOnWriteArrayList<>();
    private final ScheduledExecutorService healing = Executors.newSingleThreadScheduledExecutor();
    private final long start = System.nanoTime();
    private final CompletableFuture<Boolean> settled = new CompletableFuture<>();
    private volatile boolean mayEnd;

    FaultStory(Path folder, Trouble trouble, Side side) {
        this.folder = folder;
        this.trouble = trouble;
        this.side = side;
        databases.create();
        this.application = Application.start(databases);
        this.witness = new Witness(databases, application);
        for (Side each : Side.values()) {
            network.put(each, Proxy.to(databases.of(each).endpoint().port()));
        }
    }

    private Proxy proxy(Side each) {
        return java.util.Objects.requireNonNull(network.get(each));
    }

    private String url(Side each) {
        Endpoint endpoint = databases.of(each).endpoint();
        return endpoint.url().replace(":" + endpoint.port(), ":" + proxy(each).port());
    }

    /// Has the run brought to its end through all of it.
    void tell() throws Exception {
        Files.createDirectories(folder);
        Path plan = databases.plan(folder, "3000", url(Side.SOURCE), url(Side.TARGET));
        HookedRun run = new HookedRun(plan, SWITCHES, "complete", this);
        CompletableFuture<Boolean> ended = new CompletableFuture<>();
        Thread worker =
                Thread.ofPlatform()
                        .name("run")
                        .start(() -> {
                            try {
                                run.work(Impatient::of);
                                ended.complete(true);
                            } catch (RuntimeException | AssertionError e) {
                                ended.completeExceptionally(e);
                            }
                        });
        try {
            await(CompletableFuture.anyOf(settled, ended));
            witness.compare(this::situation);
            mayEnd = true;
            await(ended);
        } finally {
            worker.interrupt();
            worker.join(20_000);
        }
        // What the server does not know to be gone, it ends when the network does.
        network.values().forEach(proxy -> proxy.cut(""));
        witness.checkOver("complete", folder);
        assertThat(outcomes.keySet()).containsAll(ALWAYS);
        FaultMatrix.check(trouble + " " + side.label(), outcomes);
    }

    private void await(CompletableFuture<?> future) throws InterruptedException {
        try {
            future.get(150, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError(situation(), e);
        }
    }

    private String situation() {
        return String.join("\n", said) + Waiting.stacks();
    }

    @Override
    public void reached(String point) {
        say("at " + point);
        if (point.equals("settled")) {
            settled.complete(true);
        } else if (POINTS.contains(point) && outcomes.putIfAbsent(point, "goes on") == null) {
            last = point;
            if (point.equals("copying")) {
                healing.execute(this::troubleCopy);
            } else {
                trouble();
            }
        } else if (point.equals("switching")) {
            // What comes of this one is nothing that was troubled.
            last = "";
        }
    }

    private void troubleCopy() {
        Waiting.until(
                "two chunks are copied",
                () -> databases.hasChunks() && databases.number(Side.TARGET, CHUNKS) >= 2,
                this::situation);
        trouble();
    }

    private void trouble() {
        Proxy proxy = proxy(side);
        switch (trouble) {
            case CUT -> {
                proxy.cut();
                var _ = healing.schedule(proxy::heal, OUTAGE_MILLIS, TimeUnit.MILLISECONDS);
            }
            // Debezium's own connection is found by the server, which takes longer.
            case STALLED -> proxy.stall("lockstep");
            case COMMIT_UNANSWERED -> proxy.cutAfterNext("COMMIT");
        }
    }

    @Override
    public boolean mayEnd() {
        return mayEnd;
    }

    @Override
    public void say(String text) {
        if (text.contains("the switch was undone") && !last.isEmpty()) {
            outcomes.put(last, "undone");
        }
        said.add("%6d ms %s".formatted((System.nanoTime() - start) / 1_000_000, text));
    }

    @Override
    public void close() {
        healing.shutdownNow();
        application.close();
        network.values().forEach(Proxy::close);
        databases.close();
    }
}
