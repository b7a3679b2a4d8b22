package dev.lockstep.validators;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.sql.Db;
import dev.lockstep.plans.sql.Session;
import dev.lockstep.testing.PostgresServer;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class WorkersTest {
    private static final Callable<String> DIES =
            () -> {
                throw new LockstepException(Fault.UNREACHABLE, "the standby is gone");
            };

    /// A transaction that holds writes can let go of them only when its statement has ended.
    @Test
    void aFailureOfOneIsToldWhenTheOthersAreIdle() {
        try (Db db = PostgresServer.shared().database();
                Session held = db.session("held")) {
            held.begin();
            held.run("CREATE TABLE public.result (text text)");
            Callable<String> works =
                    () ->
                            held.one(
                                    "INSERT INTO public.result SELECT 'done' FROM pg_sleep(0.5)"
                                            + " RETURNING text");
            assertThatThrownBy(() -> Workers.all(List.of(works, DIES)))
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.UNREACHABLE))
                    .hasMessageContaining("the standby is gone");
            assertThat(held.one("SELECT text FROM public.result")).isEqualTo("done");
        }
    }
}
