package dev.lockstep.validators;

/// One way to find out whether two databases hold the same.
public interface Validator {
    /// Compares everything that `sessions` were opened for. Other validators may use the same
    /// sessions afterwards, unless this one throws.
    Verdict validate(SnapshotSessions sessions);
}
