package dev.lockstep.orchestrator.run;

/// Is told how a run goes, from several threads; shows it to somebody.
public interface Watcher {
    /// Looks away.
    Watcher NONE = new Watcher() {};

    /// The run has come into another state.
    default void entered(RunState state) {}

    /// The copy has come on.
    ///
    /// @param rows copied so far, of some `rowsEstimated`
    default void copying(long rows, long rowsEstimated, int chunks, int chunksTotal) {}

    /// How many row changes were taken in and how many of them the standby has.
    default void streaming(long captured, long applied, long lagMillis) {}

    /// The comparison has come on.
    default void verifying() {}

    /// A sentence worth keeping.
    default void say(String text) {}
}
