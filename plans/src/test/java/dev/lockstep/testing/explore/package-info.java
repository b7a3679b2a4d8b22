/// Explores every state of a small system, and finds the shortest way to one that must not be.
///
/// A [dev.lockstep.testing.explore.Model] says what its states are and which steps lead from one to
/// the next; [dev.lockstep.testing.explore.Explorer] goes through them breadth first.
///
/// Thread rule: one thread explores; states are values.
@NullMarked
package dev.lockstep.testing.explore;

import org.jspecify.annotations.NullMarked;
