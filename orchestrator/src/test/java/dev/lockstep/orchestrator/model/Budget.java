package dev.lockstep.orchestrator.model;

/// What may still happen.
///
/// @param writes of applications
/// @param failures crashes, processes taken for dead while they go on, and lost connections
/// @param switches that are asked for
/// @param damages rows of the standby that differ, before the first verification
record Budget(int writes, int failures, int switches, int damages) {
    Budget lessWrites() {
        return new Budget(writes - 1, failures, switches, damages);
    }

    Budget lessFailures() {
        return new Budget(writes, failures - 1, switches, damages);
    }

    Budget lessSwitches() {
        return new Budget(writes, failures, switches - 1, damages);
    }

    Budget lessDamages() {
        return new Budget(writes, failures, switches, damages - 1);
    }
}
