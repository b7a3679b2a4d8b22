package dev.lockstep.orchestrator.run;

import java.util.Optional;

/// Where a run stands. A state holds only what is true in it.
///
/// `stream` counts the switches: stream 0 carries changes from source to target, each switch ends
/// one stream and begins the next in the other direction.
public sealed interface RunState {
    /// The name in status, journal and on the command line.
    default String label() {
        return switch (this) {
            case Planned _ -> "planned";
            case Expanding _ -> "expanding";
            case Copying _ -> "copying";
            case CatchingUp _ -> "catching-up";
            case Verifying _ -> "verifying";
            case InStep _ -> "in-step";
            case Switching _ -> "switching";
            case Contracting _ -> "contracting";
            case Completed _ -> "completed";
            case Aborting _ -> "aborting";
            case Aborted _ -> "aborted";
            case Failed _ -> "failed";
        };
    }

    /// Which database accepts writes; empty while that is being decided.
    default Optional<Side> activeSide() {
        return switch (this) {
            case Planned _, Expanding _, Copying _, CatchingUp _, Verifying _ ->
                    Optional.of(Side.SOURCE);
            case InStep s -> Optional.of(s.active());
            case Switching _ -> Optional.empty();
            case Contracting _, Completed _ -> Optional.of(Side.TARGET);
            case Aborting _, Aborted _ -> Optional.of(Side.SOURCE);
            case Failed s -> s.in().activeSide();
        };
    }

    /// Which database is to refuse the writes of applications; empty while that is being decided,
    /// and from when on the run ends.
    default Optional<Side> standby() {
        return switch (this) {
            case Switching s when !s.intended() -> Optional.of(s.from().other());
            case Contracting _, Aborting _, Completed _, Aborted _ -> Optional.empty();
            case Failed s -> s.in().standby();
            default -> activeSide().map(Side::other);
        };
    }

    /// The number of the stream that carries changes; 0 where none ever will again.
    default int stream() {
        return switch (this) {
            case Planned _, Expanding _, Copying _, CatchingUp _, Verifying _ -> 0;
            case InStep s -> s.stream();
            case Switching s -> s.stream();
            case Contracting s -> s.stream();
            case Aborting s -> s.stream();
            case Completed _, Aborted _ -> 0;
            case Failed s -> s.in().stream();
        };
    }

    /// What the run is at; of a failed one, what it failed in.
    default RunState at() {
        return this instanceof Failed failed ? failed.in() : this;
    }

    /// Whether nothing will ever happen again.
    default boolean isFinal() {
        return this instanceof Completed || this instanceof Aborted;
    }

    /// Nothing was done yet.
    record Planned() implements RunState {}

    /// The target gets its tables.
    record Expanding() implements RunState {}

    /// Existing rows are copied while changes gather in the log.
    record Copying() implements RunState {}

    /// The gathered changes are applied.
    record CatchingUp() implements RunState {}

    /// The databases are compared for the first time.
    record Verifying() implements RunState {}

    /// Copied, caught up, verified; changes flow.
    record InStep(Side active, int stream) implements RunState {}

    /// Writes are moving from `from` to the other side.
    ///
    /// @param intended whether the point was reached after which only the triggers tell how far it
    ///   came
    record Switching(Side from, int stream, boolean intended) implements RunState {}

    /// The way back is being given up.
    ///
    /// @param applied whether the contract folder is in, and only Lockstep's own is left to remove
    record Contracting(int stream, boolean applied) implements RunState {}

    record Completed() implements RunState {}

    /// Everything of Lockstep's is being removed.
    record Aborting(int stream, boolean keepTarget) implements RunState {}

    record Aborted() implements RunState {}

    /// Stopped by a fault in the state `in`, where `run` takes it up again.
    record Failed(RunState in, String fault, String message) implements RunState {}
}
