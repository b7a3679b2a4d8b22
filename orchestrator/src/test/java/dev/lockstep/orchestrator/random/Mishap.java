package dev.lockstep.orchestrator.random;

import dev.lockstep.orchestrator.run.Side;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Something that goes wrong once in a life.
///
/// @param hook how many points of the run are reached before
/// @param millis how long after that
/// @param length how many milliseconds it lasts, if it passes
record Mishap(Kind kind, int hook, int millis, Side side, int length) {

    enum Kind {
        /// The connections with one side end, and new ones are refused for a while.
        CUT,
        /// The connections with one side fall silent, while new ones can be made.
        STALLED,
        /// The server does what the next commit says, and its answer does not arrive.
        COMMIT_UNANSWERED,
        /// The process is asked to stop.
        STOPPED,
        /// The process dies.
        KILLED,
        /// The machine dies: of what the log has been given since the active side has last heard of
        /// it, only a part is there.
        TORN;

        boolean isEnd() {
            return this == STOPPED || this == KILLED || this == TORN;
        }
    }

    /// What goes wrong in each life of a run with so many switches; in later ones nothing does.
    static List<List<Mishap>> lives(Random random, int switches) {
        int deaths = List.of(0, 0, 0, 1, 1, 1, 1, 2, 4).get(random.nextInt(9));
        int troubles = List.of(0, 0, 1, 1, 2, 3).get(random.nextInt(6));
        List<List<Mishap>> lives = new ArrayList<>();
        for (int i = 0; i <= deaths; i++) {
            lives.add(new ArrayList<>());
        }
        for (int i = 0; i < troubles; i++) {
            Kind kind =
                    List.of(Kind.CUT, Kind.STALLED, Kind.COMMIT_UNANSWERED).get(random.nextInt(3));
            lives.get(random.nextInt(lives.size())).add(mishap(random, kind, switches));
        }
        for (int i = 0; i < deaths; i++) {
            Kind kind =
                    List.of(Kind.STOPPED, Kind.KILLED, Kind.KILLED, Kind.TORN)
                            .get(random.nextInt(4));
            lives.get(i).add(mishap(random, kind, switches));
        }
        return lives;
    }

    private static Mishap mishap(Random random, Kind kind, int switches) {
        return new Mishap(
                kind,
                random.nextInt(8 + 10 * switches),
                random.nextInt(3) == 0 ? 0 : random.nextInt(20 << random.nextInt(5)),
                random.nextBoolean() ? Side.SOURCE : Side.TARGET,
                50 + random.nextInt(600));
    }
}
