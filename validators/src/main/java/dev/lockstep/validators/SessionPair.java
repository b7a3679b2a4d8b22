package dev.lockstep.validators;

import dev.lockstep.plans.sql.Session;

/// One worker's sessions, each inside of its side's snapshot.
public record SessionPair(Session active, Session standby) {}
