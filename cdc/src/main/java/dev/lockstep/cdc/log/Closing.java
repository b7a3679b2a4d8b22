package dev.lockstep.cdc.log;

import org.apache.kafka.common.errors.InterruptException;

/// How Kafka's clients are closed.
final class Closing {
    private Closing() {}

    /// Closes one, also by a thread that is being stopped: which goes on to say why it is, and
    /// stays interrupted.
    static void of(Runnable client) {
        try {
            client.run();
        } catch (InterruptException e) {
            Thread.currentThread().interrupt();
        }
    }
}
