package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;
import dev.lockstep.plans.fault.LockstepException;
import java.util.Collection;

/// Something besides rows that is not on the standby as it is on the active.
///
/// @param check which check has found it
/// @param about the thing, as the active calls it; the same for all that is found of one table
/// @param found what the active has and what the standby has
/// @param remedy what to do; empty where there is nothing to advise
public record Finding(String check, Severity severity, String about, String found, String remedy) {
    /// What a finding does.
    public enum Severity {
        /// Wrong whatever was wanted: no switch before it is mended.
        ERROR,
        /// Different, which may be wanted: it is told, and that is all.
        NOTE
    }

    private static final String ALL = "check of ";

    static Finding note(String check, TableName table, String found, String remedy) {
        return new Finding(check, Severity.NOTE, about(table), found, remedy);
    }

    static Finding error(String check, TableName table, String found, String remedy) {
        return new Finding(check, Severity.ERROR, about(table), found, remedy);
    }

    /// What is known where `failed` did not let a check be made.
    static Finding notMade(String check, LockstepException failed) {
        return new Finding(
                check,
                Severity.NOTE,
                ALL + check,
                "could not be made, so nothing is known of it: " + failed.text(),
                "");
    }

    /// How findings call a table.
    static String about(TableName table) {
        return "table \"%s\"".formatted(table);
    }

    /// Whether it says something of one of the active's `tables`, or of whatever there is.
    public boolean concerns(Collection<TableName> tables) {
        return about.startsWith(ALL) || tables.stream().anyMatch(t -> about.equals(about(t)));
    }

    /// Whether no switch may be made before it is mended.
    public boolean forbidsSwitch() {
        return severity == Severity.ERROR;
    }

    /// One line for a person.
    public String text() {
        return "%s: %s%s".formatted(about, found, remedy.isEmpty() ? "" : "; " + remedy);
    }
}
