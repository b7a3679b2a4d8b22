package dev.lockstep.validators.schema;

import dev.lockstep.validators.SessionPair;
import java.util.List;

/// Compares one kind of thing in both catalogs. Quick: it reads no table but by an index.
interface SchemaCheck {
    /// What findings and reports call it.
    String name();

    List<Finding> check(SessionPair sessions, Extent extent);
}
