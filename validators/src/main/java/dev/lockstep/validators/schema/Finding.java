package dev.lockstep.validators.schema;

import dev.lockstep.plans.catalog.TableName;

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

    static Finding note(String check, TableName table, String found, String remedy) {
        return new Finding(check, Severity.NOTE, about(table), found, remedy);
    }

    static Finding error(String check, TableName table, String found, String remedy) {
        return new Finding(check, Severity.ERROR, about(table), found, remedy);
    }

    /// How findings call a table.
    static String about(TableName table) {
        return "table \"%s\"".formatted(table);
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
