package dev.lockstep.testing.explore;

import java.util.Optional;

/// A system small enough for all of its states to be looked at.
///
/// @param <S> a state: a value with `equals`, that nothing changes any more
public interface Model<S> {
    S start();

    /// Gives every step that may be next in `state`, whoever takes it.
    void steps(S state, Next<S> next);

    /// The name of an invariant that does not hold in `state`.
    Optional<String> broken(S state);

    /// What can be reached from every state, whatever has happened.
    boolean isGoal(S state);

    /// Takes the steps of a state.
    @FunctionalInterface
    interface Next<S> {
        void to(String step, S state);
    }
}
