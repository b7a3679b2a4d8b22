package dev.lockstep.cdc;

import dev.lockstep.cdc.apply.Positions;
import dev.lockstep.cdc.capture.Slot;
import dev.lockstep.cdc.log.ChangeLog;
import dev.lockstep.plans.sql.Db;
import java.util.List;

/// What streams have in the databases and in Kafka, beside their rows.
public final class Remains {
    private static final String PREFIX = "lockstep.";

    private Remains() {}

    /// The topic of a stream.
    static String topic(String run, int stream) {
        return topic(run) + stream;
    }

    private static String topic(String run) {
        return PREFIX + run + ".";
    }

    /// Whether a broker's folder of this name holds changes of a stream.
    public static boolean isTopic(String folder) {
        return folder.startsWith(PREFIX);
    }

    /// The topics that streams of a run have in Kafka, which has to answer at once.
    public static List<String> topics(String run, KafkaAccess kafka) {
        return ChangeLog.topics(kafka.client(), topic(run)).stream()
                .filter(name -> name.substring(topic(run).length()).matches("[0-9]+"))
                .toList();
    }

    /// Which stream, and whose.
    public record Owned(String run, int stream, long epoch) {}

    /// Removes position, slot, publication and topic of a stream that nobody runs, whatever of them
    /// is there; fails where a later epoch has it. A stream of the same number that is made later
    /// begins at its own beginning.
    public static void remove(Owned owned, Db active, Db standby, KafkaAccess kafka) {
        new Positions(owned.run(), owned.stream(), owned.epoch()).forget(standby);
        new Slot(owned.run(), owned.stream()).drop(active);
        String topic = topic(owned.run(), owned.stream());
        try (ChangeLog log = new ChangeLog(kafka.client(), kafka.isOwn(), topic)) {
            log.delete();
        }
    }
}
