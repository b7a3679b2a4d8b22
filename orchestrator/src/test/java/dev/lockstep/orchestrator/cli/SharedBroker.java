package dev.lockstep.orchestrator.cli;

import dev.lockstep.cdc.log.EmbeddedBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;

/// One Kafka broker for all runs of this JVM that do not want their own.
final class SharedBroker {
    private static final EmbeddedBroker BROKER = start();

    private SharedBroker() {}

    static String servers() {
        return BROKER.bootstrapServers();
    }

    private static EmbeddedBroker start() {
        try {
            return EmbeddedBroker.start(Files.createTempDirectory("broker"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
