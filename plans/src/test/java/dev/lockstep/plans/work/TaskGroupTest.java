package dev.lockstep.plans.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class TaskGroupTest {
    @Test
    void waitsForAllAndHandsOutResults() throws Exception {
        AtomicReference<String> thread = new AtomicReference<>("");
        try (TaskGroup tasks = TaskGroup.named("group")) {
            Future<Integer> seven = tasks.fork("seven", () -> 7);
            tasks.fork("name", () -> thread.set(Thread.currentThread().getName()));
            tasks.joinOrThrow();
            assertThat(seven.get()).isEqualTo(7);
            assertThat(thread.get()).isEqualTo("group/name");
        }
    }

    @Test
    void firstFailureInterruptsTheOthersAndIsRethrown() {
        AtomicBoolean interrupted = new AtomicBoolean();
        CountDownLatch waiting = new CountDownLatch(1);
        try (TaskGroup tasks = TaskGroup.named("group")) {
            tasks.fork(
                    "waits",
                    () -> {
                        try {
                            waiting.countDown();
                            new CountDownLatch(1).await();
                        } catch (InterruptedException e) {
                            interrupted.set(true);
                            throw e;
                        }
                    });
            tasks.fork(
                    "fails",
                    (TaskGroup.Action)
                            () -> {
                                waiting.await();
                                throw new LockstepException(Fault.UNREACHABLE, "gone");
                            });
            assertThatThrownBy(tasks::joinOrThrow).hasMessage("gone").hasNoSuppressedExceptions();
        }
        assertThat(interrupted).isTrue();
    }

    @Test
    void checkedFailureBecomesAFaultThatNamesTheGroup() {
        try (TaskGroup tasks = TaskGroup.named("group")) {
            tasks.fork(
                    "fails",
                    (TaskGroup.Action)
                            () -> {
                                throw new IOException("disk");
                            });
            assertThatThrownBy(tasks::joinOrThrow)
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("group failed")
                    .hasRootCauseMessage("disk");
        }
    }

    @Test
    void closingEndsWhatStillRuns() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        try (TaskGroup tasks = TaskGroup.named("group")) {
            tasks.fork(
                    "waits",
                    () -> {
                        try {
                            new CountDownLatch(1).await();
                        } finally {
                            ended.countDown();
                        }
                    });
        }
        assertThat(ended.await(0, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void interruptedJoinIsAFaultAndLeavesNoTask() {
        try (TaskGroup tasks = TaskGroup.named("group")) {
            tasks.fork("waits", () -> new CountDownLatch(1).await());
            Thread.currentThread().interrupt();
            assertThatThrownBy(tasks::joinOrThrow)
                    .isInstanceOfSatisfying(
                            LockstepException.class,
                            e -> assertThat(e.fault()).isEqualTo(Fault.INTERRUPTED));
        }
        assertThat(Thread.interrupted()).isTrue();
    }
}
