package dev.lockstep.orchestrator.model;

/// One deviation from the protocol, each of which the exploration has to find.
enum Flaw {
    NONE("", 0, 0, 0, 0),
    /// The standby has no refusal triggers from the beginning.
    NO_REFUSAL_AT_FIRST(Claims.ONE_WRITER, 1, 1, 1, 0),
    /// The triggers are placed without a look at the lease.
    REFUSAL_WITHOUT_LEASE(Claims.ACTIVE, 1, 1, 1, 0),
    /// A verification says that all is well.
    BLIND_VERIFICATION(Claims.EXACT, 1, 1, 1, 1),
    /// Nobody asks for a verification before a switch.
    NO_PROOF(Claims.PROOF, 1, 1, 1, 1),
    /// The fence locks nothing.
    NO_LOCK(Claims.NOTHING_LOST, 1, 1, 1, 0),
    /// The switch does not wait for what the active has committed.
    NO_DRAIN(Claims.NOTHING_LOST, 1, 1, 1, 0),
    /// The drain ends before the fence is there.
    DRAIN_BEFORE_FENCE(Claims.NOTHING_LOST, 1, 1, 1, 0),
    /// The slot for the way back is made once writes have moved.
    REVERSE_SLOT_LATE(Claims.WAY_BACK, 1, 1, 1, 0),
    /// The stream back counts from where its slot was made: it brings back what came from there.
    REVERSE_FROM_SLOT(Claims.EXACT, 1, 1, 1, 0),
    /// Where the stream back begins is not said anew, where an earlier owner has said it.
    FIRST_POSITION_STAYS(Claims.WAY_BACK, 1, 1, 2, 0),
    /// The stream back gets its position once writes have moved.
    REVERSE_POSITION_LATE(Claims.WAY_BACK, 1, 1, 1, 0),
    /// The standby is opened before the active refuses.
    OPEN_BEFORE_DURABLE(Claims.ONE_WRITER, 1, 1, 1, 0),
    /// The intent is journaled once the active refuses.
    INTENT_AFTER_DURABLE(Claims.INTENT, 1, 1, 1, 0),
    /// A switch that was taken up is undone without a look at the triggers.
    ALWAYS_BACK(Claims.ACTIVE, 1, 1, 1, 0),
    /// A switch that was taken up goes forward without a look at the triggers.
    ALWAYS_FORWARD(Claims.ONE_WRITER, 1, 1, 1, 0),
    /// The triggers are looked at while a transaction may still change them.
    ASK_WITHOUT_LOCK(Claims.ACTIVE, 1, 1, 1, 0),
    /// The lease is looked at before the standby's lock is there, not after.
    LEASE_BEFORE_LOCK(Claims.ONE_WRITER, 0, 2, 2, 0),
    /// The journal takes events of an owner that was replaced.
    JOURNAL_WITHOUT_EPOCH(Claims.ACTIVE, 1, 1, 1, 0),
    /// Any end of the switch in the journal counts as its success, and the lease is not looked at
    /// before the old stream is removed.
    ANY_END_IS_SUCCESS(Claims.WAY_BACK, 1, 1, 1, 0),
    /// A stream is made anew, where it is missing, without a look at the lease.
    CAPTURE_WITHOUT_LEASE(Claims.NOTHING_LOST, 2, 1, 1, 0),
    /// Streams are removed without a look at the lease or at whose they are.
    REMOVE_WITHOUT_LEASE(Claims.WAY_BACK, 1, 1, 2, 0);

    final String claim;
    private final int writes;
    private final int failures;
    private final int switches;
    private final int damages;

    /// @param claim what it breaks
    Flaw(String claim, int writes, int failures, int switches, int damages) {
        this.claim = claim;
        this.writes = writes;
        this.failures = failures;
        this.switches = switches;
        this.damages = damages;
    }

    /// A small one that shows it.
    Budget budget() {
        return new Budget(writes, failures, switches, damages);
    }
}
