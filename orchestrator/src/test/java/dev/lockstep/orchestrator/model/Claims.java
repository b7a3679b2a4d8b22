package dev.lockstep.orchestrator.model;

import dev.lockstep.orchestrator.run.RunState;
import dev.lockstep.orchestrator.run.RunState.InStep;
import dev.lockstep.orchestrator.run.RunState.Switching;
import dev.lockstep.orchestrator.run.Side;
import java.util.Optional;

/// What holds in every state.
final class Claims {
    static final String ONE_WRITER = "one writer";
    static final String NOTHING_LOST = "nothing lost";
    static final String EXACT = "the standby is a state of the active";
    static final String PROOF = "no switch without proof";
    static final String WAY_BACK = "always a way back";
    static final String INTENT = "a durable fence is journaled";
    static final String ACTIVE = "the active accepts writes";

    private Claims() {}

    static Optional<String> broken(World world) {
        if (!world.broken().isEmpty()) {
            return Optional.of(world.broken());
        }
        if (!hasTriggers(world)) {
            return Optional.empty();
        }
        if (!world.source().refusing() && !world.target().refusing()) {
            return Optional.of(ONE_WRITER);
        }
        for (Side side : Side.values()) {
            if (!world.db(side).refusing() && !world.db(side).holds(world.truth())) {
                return Optional.of(NOTHING_LOST);
            }
        }
        return switch (world.state()) {
            case InStep(Side active, int stream) -> inStep(world, active, stream);
            case Switching switching -> switching(world, switching);
            default -> Optional.empty();
        };
    }

    /// Before that, nothing is said of who writes to the target.
    private static boolean hasTriggers(World world) {
        return !(world.state() instanceof RunState.Planned)
                && !(world.state() instanceof RunState.Expanding);
    }

    private static Optional<String> inStep(World world, Side active, int stream) {
        if (world.db(active).refusing()) {
            return Optional.of(ACTIVE);
        }
        if (!flows(world.stream(stream))) {
            return Optional.of(WAY_BACK);
        }
        return isDamaged(world) || BringingUp.isExact(world, stream)
                ? Optional.empty()
                : Optional.of(EXACT);
    }

    private static Optional<String> switching(World world, Switching switching) {
        if (world.db(switching.from()).refusing() && !switching.intended()) {
            return Optional.of(INTENT);
        }
        boolean opened = !world.db(switching.from().other()).refusing();
        return opened && !flows(world.stream(switching.stream() + 1))
                ? Optional.of(WAY_BACK)
                : Optional.empty();
    }

    private static boolean flows(Stream stream) {
        return stream.slot() >= 0 && stream.slot() <= stream.position();
    }

    /// Whether the last that is known is a difference.
    static boolean isDamaged(World world) {
        return world.history().lastVerification().filter(v -> !v.match()).isPresent();
    }

    static boolean isWell(World world) {
        return world.state() instanceof InStep(Side active, int number)
                && !world.db(active).refusing()
                && world.db(active.other()).refusing()
                && world.source().holds(world.target())
                && world.stream(number).position() == world.db(active).end()
                && world.procs().stream().anyMatch(p -> world.owns(p) && p.applying() == number);
    }
}
