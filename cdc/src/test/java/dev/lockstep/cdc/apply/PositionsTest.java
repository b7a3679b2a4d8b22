package dev.lockstep.cdc.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.cdc.apply.Positions.Position;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Lsn;
import dev.lockstep.plans.sql.OwnTables;
import dev.lockstep.testing.Pair;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PositionsTest {
    private final Pair pair = Pair.create();
    private final Positions earlier = new Positions("r", 1, 3);
    private final Positions later = new Positions("r", 1, 4);

    @BeforeEach
    void migrate() {
        OwnTables.migrate(pair.target());
    }

    @AfterEach
    void close() {
        pair.close();
    }

    private static Position at(long lsn) {
        return new Position(new Lsn(lsn), 0, true);
    }

    private void isAt(long lsn) {
        assertThat(pair.target().call(later::read)).contains(at(lsn));
    }

    @Test
    void aStreamOfALaterOwnerIsNotForgotten() {
        later.create(pair.target(), at(7), 1);
        assertThatThrownBy(() -> earlier.forget(pair.target()))
                .isInstanceOfSatisfying(
                        LockstepException.class,
                        e -> assertThat(e.fault()).isEqualTo(Fault.LEASE_LOST));
        isAt(7);
        later.forget(pair.target());
        assertThat(pair.target().call(later::read)).isEmpty();
        earlier.forget(pair.target());
    }

    @Test
    void whatALaterOwnerSaysAnewCounts() {
        earlier.create(pair.target(), at(5), 1);
        later.create(pair.target(), at(6), 1);
        isAt(5);
        later.createAnew(pair.target(), at(7), 1, Duration.ZERO);
        isAt(7);
        earlier.createAnew(pair.target(), at(8), 1, Duration.ZERO);
        isAt(7);
        later.createAnew(pair.target(), at(9), 1, Duration.ZERO);
        isAt(7);
    }
}
