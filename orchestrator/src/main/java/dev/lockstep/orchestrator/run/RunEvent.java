package dev.lockstep.orchestrator.run;

import java.util.List;
import java.util.Objects;

/// What happened to a run. Stored as JSON under the record's name; fields are added, never renamed.
public sealed interface RunEvent {
    /// The databases were found fit and the run began.
    record Started() implements RunEvent {}

    record SchemaExpanded() implements RunEvent {}

    record Copied(long rows) implements RunEvent {}

    /// The gathered changes are in and the standby is consistent.
    ///
    /// @param rowsCopiedAgain rows that replay could not complete and a cut did
    record CaughtUp(long rowsCopiedAgain) implements RunEvent {}

    /// A verification ended.
    ///
    /// @param match whether no difference was found
    /// @param counted whether rows were counted only
    /// @param cut the active database's WAL position from which on all was compared
    /// @param asOf a moment before that position was reached; null in a journal of an earlier
    ///   version
    /// @param first the first differences, as text
    /// @param form tells the tables that were compared from what a statement makes of them
    /// @param finishedAt from when on it counts: its end, or the beginning of one of many parts
    /// @param errors what else than rows is wrong on the standby, as text; null as above
    record Verified(
            boolean match,
            boolean counted,
            long tables,
            long rows,
            long differences,
            String first,
            String cut,
            String asOf,
            long heldMillis,
            String form,
            String finishedAt,
            List<String> errors)
            implements RunEvent {
        public Verified {
            errors = List.copyOf(Objects.requireNonNullElse(errors, List.of()));
            asOf = Objects.requireNonNullElse(asOf, finishedAt);
        }

        /// Whether rows and all else let writes move.
        public boolean letsWritesMove() {
            return match && errors.isEmpty();
        }

        /// In a word, for reports: of the rows.
        public String verdict() {
            return match ? "match" : "mismatch";
        }

        /// This one, where this is wrong besides rows.
        public Verified with(List<String> besides) {
            return with(form, besides);
        }

        /// This one, of tables that may not be as they were.
        Verified outdated() {
            return with("", errors);
        }

        /// Whether nothing is known to have touched the tables since.
        public boolean isCurrent() {
            return !form.isEmpty();
        }

        private Verified with(String otherForm, List<String> besides) {
            return new Verified(
                    match,
                    counted,
                    tables,
                    rows,
                    differences,
                    first,
                    cut,
                    asOf,
                    heldMillis,
                    otherForm,
                    finishedAt,
                    besides);
        }
    }

    /// Rows of the standby that differed were copied again.
    ///
    /// @param rows how many, besides those of whole tables
    /// @param tables all of them; one that was copied again as a whole as `the whole of` it
    record Repaired(long rows, List<String> tables) implements RunEvent {
        public Repaired {
            tables = List.copyOf(tables);
        }
    }

    /// Somebody has writes move although the sides differ.
    ///
    /// @param first the first differences, as text
    /// @param by who
    record DifferencesAccepted(long differences, String first, String by) implements RunEvent {}

    /// Something came to the standby that no stream brought, or may have.
    ///
    /// @param what which table of which side, and who, where that is known
    record StandbyTouched(String what, String at) implements RunEvent {}

    record SwitchStarted(Side to) implements RunEvent {}

    /// Written while the active is fenced by an open transaction, before anything is made durable.
    record SwitchIntended() implements RunEvent {}

    record SwitchUndone(String reason, double heldMillis) implements RunEvent {}

    /// Writes go to the other side.
    ///
    /// @param pauseMillis how long no side accepted writes; -1 where a dead process left it unknown
    /// @param others the target's tables around the run's that the source does not have
    record Switched(double pauseMillis, String at, List<String> others) implements RunEvent {
        public Switched {
            others = List.copyOf(others);
        }
    }

    record CompletionStarted() implements RunEvent {}

    /// The contract folder is applied.
    record Contracted() implements RunEvent {}

    /// The run is being given up.
    ///
    /// @param keepTarget whether the target keeps the rows that the run brought
    record AbortStarted(boolean keepTarget) implements RunEvent {}

    /// Nothing of Lockstep's is left but the journal, and the run is over.
    record CleanedUp() implements RunEvent {}

    record Failed(String fault, String message) implements RunEvent {}

    record Resumed() implements RunEvent {}
}
