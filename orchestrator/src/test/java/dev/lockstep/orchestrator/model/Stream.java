package dev.lockstep.orchestrator.model;

/// What is durable of a stream.
///
/// @param slot from where on the slot on the active sends changes; -1 where there is none
/// @param position what the standby has of them; -1 where the standby has no such row
/// @param epoch of the position's row
record Stream(int slot, int position, int epoch) {
    static final Stream NONE = new Stream(-1, -1, -1);

    Stream withSlot(int at) {
        return new Stream(at, position, epoch);
    }

    Stream withPosition(int at, int by) {
        return new Stream(slot, at, by);
    }
}
