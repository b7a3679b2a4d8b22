package dev.lockstep.cdc.log;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;

/// What a stream meets that cannot go on, as changes it needs are gone.
public final class PositionLost {
    private PositionLost() {}

    /// The fault, with the way on: whoever has not switched starts afresh, whoever has done so has
    /// lost the way back.
    ///
    /// @param stream the stream's number; those from target to source are odd
    public static LockstepException of(int stream, String what) {
        String wayOn =
                stream % 2 == 0
                        ? "abort the run and start it afresh"
                        : "there is no way back any more: complete the run";
        return new LockstepException(Fault.POSITION_LOST, what + "; " + wayOn);
    }
}
