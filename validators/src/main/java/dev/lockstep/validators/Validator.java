package dev.lockstep.validators;

/// One way to find out whether two databases hold the same.
public interface Validator {
    /// Compares all tables of `sides`. Other validators may use the same sessions afterwards,
    /// unless this one throws.
    Verdict validate(Sides sides);
}
