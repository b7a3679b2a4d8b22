package dev.lockstep.orchestrator.kill;

import dev.lockstep.orchestrator.run.Side;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Where a process is killed, and who must take writes when it is dead.
///
/// @param name what the process says that it has reached
/// @param brake what is held there so that the process gets stuck in the middle of its work; it
///   stands still at the very point where this is empty
/// @param switches how many there are before the run is ended
/// @param end the last command
/// @param accepting sides that must accept application writes
/// @param refusing sides that must refuse them; a side in neither may do what it wants
record KillPoint(
        String name,
        Optional<Brake> brake,
        int switches,
        String end,
        Set<Side> accepting,
        Set<Side> refusing) {
    private static final List<String> STEPS =
            List.of("drain", "sequences", "intend", "fence", "open", "outcome");

    /// A table of one side, and the lock on it that somebody has to wait for.
    record Brake(Side side, String table, String mode) {}

    /// One for each state; where a state has work of its own, in the middle of that.
    static List<KillPoint> ofStates() {
        Set<Side> source = EnumSet.of(Side.SOURCE);
        Set<Side> target = EnumSet.of(Side.TARGET);
        Set<Side> none = EnumSet.noneOf(Side.class);
        return List.of(
                // Until the target has its triggers, nobody speaks for it.
                new KillPoint("planned", Optional.empty(), 1, "complete", source, none),
                new KillPoint(
                        "expanding",
                        brake(Side.TARGET, "place", "ROW EXCLUSIVE"),
                        1,
                        "complete",
                        source,
                        none),
                new KillPoint(
                        "copying",
                        brake(Side.TARGET, "item", "EXCLUSIVE"),
                        1,
                        "complete",
                        source,
                        target),
                new KillPoint(
                        "catching-up",
                        brake(Side.TARGET, "account", "EXCLUSIVE"),
                        1,
                        "complete",
                        source,
                        target),
                new KillPoint(
                        "verifying",
                        brake(Side.TARGET, "place", "ACCESS EXCLUSIVE"),
                        1,
                        "complete",
                        source,
                        target),
                new KillPoint("in-step", Optional.empty(), 1, "complete", source, target),
                new KillPoint("switching", Optional.empty(), 1, "complete", source, target),
                // The old side is given free, table by table.
                new KillPoint(
                        "contracting",
                        brake(Side.SOURCE, "place", "ROW EXCLUSIVE"),
                        1,
                        "complete",
                        target,
                        none),
                new KillPoint(
                        "aborting",
                        brake(Side.TARGET, "place", "ROW EXCLUSIVE"),
                        2,
                        "abort",
                        source,
                        none));
    }

    /// One before each step of a cutover and of a rollback.
    static List<KillPoint> ofSteps() {
        List<KillPoint> points = new ArrayList<>();
        for (int stream : List.of(0, 1)) {
            Side from = stream == 0 ? Side.SOURCE : Side.TARGET;
            for (String step : STEPS) {
                points.add(
                        new KillPoint(
                                step + "/" + stream,
                                Optional.empty(),
                                3,
                                "complete",
                                acceptingBefore(step, from),
                                EnumSet.complementOf(acceptingBefore(step, from))));
            }
        }
        return points;
    }

    private static EnumSet<Side> acceptingBefore(String step, Side from) {
        return switch (step) {
            case "open" -> EnumSet.noneOf(Side.class);
            case "outcome" -> EnumSet.of(from.other());
            default -> EnumSet.of(from);
        };
    }

    private static Optional<Brake> brake(Side side, String table, String mode) {
        return Optional.of(new Brake(side, table, mode));
    }

    /// Whether the run is being ended there already.
    boolean isAtEnd() {
        return name.equals("contracting") || name.equals("aborting");
    }

    Side last() {
        return end.equals("abort") ? Side.SOURCE : Side.TARGET;
    }

    /// As test reports show it.
    @Override
    public String toString() {
        if (name.endsWith("/0")) {
            return "before " + name.replace("/0", "") + " of a cutover";
        }
        return name.endsWith("/1") ? "before " + name.replace("/1", "") + " of a rollback" : name;
    }
}
