package dev.lockstep.orchestrator.kill;

import dev.lockstep.orchestrator.run.Side;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Where a process is killed, and who must take writes when it is dead.
///
/// @param stop what the process says that it has reached
/// @param brake what is held from there on so that the process gets stuck in the middle of its
///   work; where this is empty it is killed at the very point
/// @param accepting sides that must accept application writes
/// @param refusing sides that must refuse them; one in neither set may do what it wants
record KillPoint(
        String name, String stop, Optional<Brake> brake, Set<Side> accepting, Set<Side> refusing) {
    private static final boolean HEAVY = Boolean.getBoolean("lockstep.heavy");
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Set<Side> SOURCE = EnumSet.of(Side.SOURCE);
    private static final Set<Side> TARGET = EnumSet.of(Side.TARGET);
    private static final Set<Side> NONE = EnumSet.noneOf(Side.class);

    /// A table of one side, and the lock on it that somebody has to wait for.
    record Brake(Side side, String table, String mode) {}

    /// Each state once, on the way there and to the end; in the middle of its work where it has
    /// any.
    static List<KillPoint> ofStates() {
        return List.of(
                // Until the target has its triggers, nobody speaks for it.
                state("planned", SOURCE, NONE),
                stuck("expanding", Side.TARGET, "public.place", "ROW EXCLUSIVE", SOURCE, NONE),
                stuck("copying", Side.TARGET, "public.item", "EXCLUSIVE", SOURCE, TARGET),
                stuck("catching-up", Side.TARGET, "public.account", "EXCLUSIVE", SOURCE, TARGET),
                stuck("verifying", Side.TARGET, "public.place", "ACCESS EXCLUSIVE", SOURCE, TARGET),
                state("in-step", SOURCE, TARGET),
                state("switching", SOURCE, TARGET),
                // The old side is given free, table by table.
                stuck("contracting", Side.SOURCE, "public.place", "ROW EXCLUSIVE", TARGET, NONE),
                // The old side is free, and something is still there.
                new KillPoint(
                        "cleaning up",
                        "contracting",
                        Optional.of(new Brake(Side.TARGET, "lockstep.chunk", "SHARE")),
                        TARGET,
                        NONE));
    }

    /// The one state that is not on that way.
    static List<KillPoint> ofAbort() {
        return List.of(
                stuck("aborting", Side.TARGET, "public.place", "ROW EXCLUSIVE", SOURCE, NONE));
    }

    /// Before each step of a cutover and of a rollback. Up to `fence` the switch is undone and
    /// tried again; from `open` on the run goes over to the next stream. Most are taken of only one
    /// of both, always another one; of each with `-Dlockstep.heavy=true`.
    static List<KillPoint> ofSteps() {
        List<KillPoint> points = new ArrayList<>();
        List<List<String>> tried = drawn(List.of("look", "drain", "sequences", "intend"));
        for (int stream : List.of(0, 1)) {
            tried.get(stream).forEach(step -> points.add(step(step, stream)));
            points.add(step("fence", stream));
            points.add(step("open", stream));
            if (stream == 0) {
                points.add(
                        new KillPoint(
                                "recovery of a cutover",
                                "switching",
                                Optional.of(
                                        new Brake(Side.TARGET, "public.place", "ROW EXCLUSIVE")),
                                NONE,
                                EnumSet.allOf(Side.class)));
            }
        }
        List<List<String>> moved = drawn(List.of("outcome", "turn"));
        // In the order in which a run comes to them.
        for (String step : List.of("outcome", "turn")) {
            for (int stream : List.of(0, 1)) {
                if (moved.get(stream).contains(step)) {
                    points.add(step(step, stream + (step.equals("turn") ? 4 : 2)));
                }
            }
        }
        return points;
    }

    /// Which of the steps are taken of a cutover, and which of a rollback.
    private static List<List<String>> drawn(List<String> steps) {
        if (HEAVY) {
            return List.of(steps, steps);
        }
        List<List<String>> taken = List.of(new ArrayList<>(), new ArrayList<>());
        steps.forEach(step -> taken.get(RANDOM.nextInt(taken.size())).add(step));
        return taken;
    }

    private static KillPoint state(String state, Set<Side> accepting, Set<Side> refusing) {
        return new KillPoint(state, state, Optional.empty(), accepting, refusing);
    }

    private static KillPoint stuck(
            String state,
            Side side,
            String table,
            String mode,
            Set<Side> accepting,
            Set<Side> refusing) {
        Brake brake = new Brake(side, table, mode);
        return new KillPoint(state, state, Optional.of(brake), accepting, refusing);
    }

    private static KillPoint step(String step, int stream) {
        Side from = stream % 2 == 0 ? Side.SOURCE : Side.TARGET;
        EnumSet<Side> accepting =
                switch (step) {
                    case "open" -> EnumSet.noneOf(Side.class);
                    case "outcome", "turn" -> EnumSet.of(from.other());
                    default -> EnumSet.of(from);
                };
        return new KillPoint(
                step + (from == Side.SOURCE ? " of a cutover" : " of a rollback"),
                step + "/" + stream,
                Optional.empty(),
                accepting,
                EnumSet.complementOf(accepting));
    }

    boolean isCopying() {
        return stop.equals("copying");
    }

    boolean isInStep() {
        return stop.equals("in-step");
    }

    /// Whether the run is being ended there already.
    boolean isAtEnd() {
        return stop.equals("contracting") || stop.equals("aborting");
    }

    /// Whether both sides have all rows there, and only whole transactions.
    boolean isCaughtUp() {
        return isInStep()
                || stop.equals("verifying")
                || stop.equals("switching")
                || stop.contains("/");
    }
}
