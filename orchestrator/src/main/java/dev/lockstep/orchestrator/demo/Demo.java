package dev.lockstep.orchestrator.demo;

import dev.lockstep.orchestrator.conduct.Commands;
import dev.lockstep.orchestrator.conduct.Conductor;
import dev.lockstep.orchestrator.conduct.Serving;
import dev.lockstep.orchestrator.console.Console;
import dev.lockstep.orchestrator.console.Line;
import dev.lockstep.orchestrator.demo.Proof.Check;
import dev.lockstep.orchestrator.opening.OpenRun;
import dev.lockstep.orchestrator.run.Asked;
import dev.lockstep.orchestrator.run.History;
import dev.lockstep.orchestrator.run.Stop;
import dev.lockstep.orchestrator.run.Watcher;
import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Endpoint;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;

/// The demo's story: a shop that is written to all the time moves, comes back, moves again and
/// stays.
public final class Demo {
    private static final long PAUSE_MAX_MILLIS = 5_000;
    private static final Duration DRAIN_MAX = Duration.ofSeconds(60);

    private final long rows;
    private final Console console;
    private final Watcher watcher;
    private final InstantSource clock;
    private final AtomicReference<Endpoint> active = new AtomicReference<>();
    private final List<Check> pauses = new ArrayList<>();

    public Demo(long rows, Console console, Watcher watcher, InstantSource clock) {
        this.rows = rows;
        this.console = console;
        this.watcher = watcher;
        this.clock = clock;
    }

    /// Plays it and says what it proved.
    public List<Check> play() {
        Line starting = console.line("starting two PostgreSQL servers");
        try (DemoServers servers = DemoServers.start();
                Db source = Db.of(servers.source(), "lockstep demo");
                Db target = Db.of(servers.target(), "lockstep demo")) {
            starting.done("");
            ShopSize size = fill(source, target);
            active.set(servers.source());
            try (ShopWriters writers =
                    ShopWriters.start(size, ShopWriters.Load.MODERATE, this::activeNow, clock)) {
                console.say("the shop is open: 4 writers, about 400 transactions a second");
                return move(servers, source, target, size, writers);
            }
        }
    }

    private Endpoint activeNow() {
        return java.util.Objects.requireNonNull(active.get());
    }

    private ShopSize fill(Db source, Db target) {
        ShopSchema.create(source);
        ShopSchema.create(target);
        Line loading = console.line("filling the shop");
        ShopSize size =
                ShopSchema.load(
                        source, rows, (done, total, table) -> loading.update(done, total, table));
        loading.done("%,d rows".formatted(size.total()));
        return size;
    }

    private List<Check> move(
            DemoServers servers, Db source, Db target, ShopSize size, ShopWriters writers) {
        Plan plan = plan(servers);
        List<Check> checks;
        try (OpenRun open =
                OpenRun.take(plan, source, target, servers.folder().resolve("run"), clock, "")) {
            Stop stop = new Stop();
            open.lease().keep(stop::ask);
            Conductor conductor = new Conductor(open.run(), stop, watcher);
            conductor.listenTo(step -> {
                if (step.equals("outcome")) {
                    active.set(other(servers, activeNow()));
                }
            });
            checks =
                    new Serving(conductor, stop, watcher, false)
                            .inStep(commands ->
                                    switchAndProve(
                                            commands, conductor, target, source, size, writers));
        }
        checks.addAll(Leftovers.check(source, target));
        return checks;
    }

    private static Endpoint other(DemoServers servers, Endpoint now) {
        return now.equals(servers.source()) ? servers.target() : servers.source();
    }

    private List<Check> switchAndProve(
            Commands commands,
            Conductor conductor,
            Db target,
            Db source,
            ShopSize size,
            ShopWriters writers)
            throws InterruptedException {
        List<Check> checks = new ArrayList<>();
        for (String command : List.of("cutover", "rollback", "cutover")) {
            Instant before = clock.instant();
            commands.perform(Asked.of(command));
            double pause =
                    conductor
                            .history()
                            .lastSwitch()
                            .map(History.LastSwitch::pauseMillis)
                            .orElse(-1.0);
            pauses.add(
                    Check.atMost(
                            "write pause of " + command,
                            Math.round(pause),
                            PAUSE_MAX_MILLIS,
                            " ms"));
            console.say(
                    "%s: write pause %.1f ms; longest time without an acknowledged write %d ms"
                            .formatted(
                                    command, pause, writers.longestPauseSince(before).toMillis()));
            checks.add(verified(commands, conductor));
        }
        writers.close();
        conductor.flowing().drain(DRAIN_MAX);
        Line proving = console.line("proving");
        checks.addAll(Proof.of(target, source, size, writers.record()));
        proving.done("");
        checks.addAll(pauses);
        checks.add(
                Check.atLeast("writes acknowledged", writers.record().totals().acknowledged(), 1));
        commands.perform(Asked.of("complete"));
        return checks;
    }

    /// A verification under load, beside the one that each switch makes.
    private static Check verified(Commands commands, Conductor conductor)
            throws InterruptedException {
        commands.perform(Asked.of("validate"));
        return conductor
                .history()
                .lastVerification()
                .map(v ->
                        Check.equal(
                                "differences among %,d rows compared under load"
                                        .formatted(v.rows()),
                                v.differences(),
                                0))
                .orElseThrow();
    }

    private static Plan plan(DemoServers servers) {
        return new Plan(
                "shop",
                servers.folder(),
                servers.source(),
                servers.target(),
                new Plan.Kafka.Embedded(),
                Scope.ALL,
                Mapping.NONE,
                new Plan.Schema(Plan.Schema.Copy.NONE, Optional.empty(), Optional.empty()),
                new Plan.Backfill(2, 16L << 20, OptionalLong.empty()),
                Plan.Verify.USUAL,
                Plan.Cutover.USUAL,
                new Plan.Complete(Plan.Complete.OldSide.FREE),
                new Plan.Limits(20L << 30),
                new Plan.Reports(servers.folder().resolve("reports"), ""));
    }
}
