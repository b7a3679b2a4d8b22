package dev.lockstep.cdc.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.yammer.metrics.core.MetricName;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.server.metrics.KafkaYammerMetrics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedBrokerTest {
    @Test
    void nothingIsKeptOfABrokerThatEnded(@TempDir Path folder) {
        EmbeddedBroker broker = EmbeddedBroker.start(folder);
        assertThat(measuresOf(folder)).isNotEmpty();
        broker.close();
        assertThat(measuresOf(folder)).isEmpty();
    }

    private static List<String> measuresOf(Path folder) {
        return KafkaYammerMetrics.defaultRegistry().allMetrics().keySet().stream()
                .map(MetricName::getMBeanName)
                .filter(name -> name.contains(folder.getFileName().toString()))
                .toList();
    }
}
