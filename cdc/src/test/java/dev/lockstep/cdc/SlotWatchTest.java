package dev.lockstep.cdc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.cdc.capture.Slot;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SlotWatchTest {
    private static final Optional<Slot.State> READ =
            Optional.of(new Slot.State(Lsn.ZERO, false, true, 0));
    private static final Optional<Slot.State> UNREAD =
            Optional.of(new Slot.State(Lsn.ZERO, false, false, 0));
    private static final Optional<Slot.State> LOST =
            Optional.of(new Slot.State(Lsn.ZERO, true, false, 0));

    private final Slot slot = new Slot("run", 0);

    private SlotWatch watch(Duration unreadMax) {
        return new SlotWatch(slot, "db", unreadMax);
    }

    private static Optional<Fault> fault(Optional<LockstepException> failure) {
        return failure.map(LockstepException::fault);
    }

    @Test
    void aSlotThatIsNotReadYetIsLeftAlone() {
        assertThat(watch(Duration.ZERO).look(UNREAD)).isEmpty();
        assertThat(watch(Duration.ZERO).look(Optional.empty())).isEmpty();
    }

    @Test
    void aSlotThatIsReadIsFine() {
        SlotWatch watch = watch(Duration.ofMinutes(1));
        watch.start();
        assertThat(watch.look(READ)).isEmpty();
        assertThat(watch.look(UNREAD)).isEmpty();
    }

    @Test
    void aSlotThatNobodyReadsForLongIsOutOfReach() {
        SlotWatch watch = watch(Duration.ZERO);
        watch.start();
        assertThat(fault(watch.look(UNREAD))).contains(Fault.UNREACHABLE);
    }

    @Test
    void aSlotThatIsLostIsToldAtOnce() {
        SlotWatch watch = watch(Duration.ofMinutes(1));
        watch.start();
        assertThat(fault(watch.look(LOST))).contains(Fault.POSITION_LOST);
        assertThat(fault(watch.look(Optional.empty()))).contains(Fault.POSITION_LOST);
    }
}
