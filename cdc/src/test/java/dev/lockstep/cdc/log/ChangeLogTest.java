package dev.lockstep.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.plans.fault.LockstepException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChangeLogTest {
    @Test
    void aKafkaThatDoesNotAnswerIsNamed() {
        Map<String, String> client =
                Map.of(
                        "bootstrap.servers", "127.0.0.1:1",
                        "request.timeout.ms", "500",
                        "default.api.timeout.ms", "1000");
        try (ChangeLog log = new ChangeLog(client, false, "nowhere")) {
            assertThatThrownBy(log::lastCommit)
                    .isInstanceOf(LockstepException.class)
                    .hasMessageContaining("127.0.0.1:1");
        }
    }

    @Test
    void aKafkaWhoseNameNobodyKnowsIsNamed() {
        Map<String, String> client = Map.of("bootstrap.servers", "kafka.invalid:9092");
        assertThatThrownBy(() -> new ChangeLog(client, false, "nowhere").close())
                .isInstanceOf(LockstepException.class)
                .hasMessageContaining("kafka.invalid");
    }

    @Test
    void aThreadThatIsBeingStoppedClosesAllTheSame() {
        Map<String, String> client = Map.of("bootstrap.servers", "127.0.0.1:1");
        try (ChangeLog log = new ChangeLog(client, false, "nowhere")) {
            LogAppender appender = log.appender(1);
            LogReader reader = log.readerAt(0);
            Thread.currentThread().interrupt();
            appender.close();
            reader.close();
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
