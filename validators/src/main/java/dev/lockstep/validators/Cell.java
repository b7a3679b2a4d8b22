package dev.lockstep.validators;

/// A column of a row that has other values on the two sides, as a person is shown them: literals,
/// of long ones the part around the place where they begin to differ. How far they are alike is
/// told with that of the active.
///
/// @param column as the active database calls it
public record Cell(String column, String active, String standby) {
    /// What stands for a value that nobody may see.
    public static final String MASKED = "(masked)";

    /// A column of which no more is told than that it differs.
    public static Cell unread(String column) {
        return new Cell(column, "", "");
    }

    String text() {
        return active.isEmpty()
                ? column
                : "%s: %s, on the standby %s".formatted(column, active, standby);
    }
}
