package dev.lockstep.plans.plan;

import dev.lockstep.plans.catalog.Mapping;
import dev.lockstep.plans.catalog.Mask;
import dev.lockstep.plans.catalog.Scope;
import dev.lockstep.plans.gate.GateSpec;
import dev.lockstep.plans.sql.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// A move from one database to another.
///
/// @param folder the folder of the plan file; relative paths of the plan start there
public record Plan(
        String name,
        Path folder,
        Endpoint source,
        Endpoint target,
        Kafka kafka,
        Scope scope,
        Mapping mapping,
        Schema schema,
        Backfill backfill,
        Verify verify,
        Cutover cutover,
        Complete complete,
        Limits limits,
        Reports reports) {

    /// Where the change log is kept.
    public sealed interface Kafka {
        /// A broker inside Lockstep's own process.
        record Embedded() implements Kafka {}

        /// A cluster of the operator's; `properties` are client properties, secrets among them.
        record External(Map<String, String> properties) implements Kafka {
            public External {
                properties = Map.copyOf(properties);
            }

            @Override
            public String toString() {
                return "External[" + properties.get("bootstrap.servers") + "]";
            }
        }
    }

    /// How the target gets its tables.
    ///
    /// @param expand Flyway folder that is applied to the target before the copy
    /// @param contract Flyway folder that `complete` applies to the target
    public record Schema(Copy copy, Optional<Path> expand, Optional<Path> contract) {
        public enum Copy {
            /// `pg_dump` brings the tables before the load and all that hangs on them after it.
            AUTO,
            /// The tables are there.
            NONE
        }
    }

    /// How existing rows are copied.
    ///
    /// @param chunkBytes how much of a table one chunk should hold
    /// @param rowsPerSecond over all workers; empty means as fast as it goes
    public record Backfill(int workers, long chunkBytes, OptionalLong rowsPerSecond) {}

    /// How the databases are compared.
    ///
    /// @param maxAge how old a clean verification may be for a switch to rely on it
    /// @param mask columns whose values are not shown where they differ
    /// @param continuousPercent which share of the time in step is spent on comparing, 0 to 100
    public record Verify(Method method, Duration maxAge, Mask mask, int continuousPercent) {
        /// As a plan without a word of it has it.
        public static final Verify USUAL =
                new Verify(Method.CHECKSUM, Duration.ofMinutes(15), Mask.NONE, 0);

        public enum Method {
            CHECKSUM,
            COUNT
        }
    }

    /// How clients move at a switch, and what that may cost.
    ///
    /// @param gate what holds them meanwhile
    /// @param maxLag how far the standby may be behind when a switch starts
    /// @param maxPause how long writes may be held before the switch is undone
    /// @param terminateBlockers how long sessions may keep the switch from its locks before they
    ///   are ended; empty means as long as they want
    public record Cutover(
            GateSpec gate,
            Duration maxLag,
            Duration maxPause,
            Optional<Duration> terminateBlockers) {
        /// As a plan without a word of it has it.
        public static final Cutover USUAL =
                new Cutover(
                        new GateSpec.None(),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(5),
                        Optional.empty());
    }

    /// What `complete` leaves behind.
    ///
    /// @param oldSide what becomes of the database that applications have left
    public record Complete(OldSide oldSide) {
        public enum OldSide {
            /// It takes writes again.
            FREE,
            /// It refuses them, until somebody removes the triggers.
            FENCED
        }
    }

    /// What a run may use of its servers.
    ///
    /// @param retainedWalBytes how much WAL the active database may keep for the run
    public record Limits(long retainedWalBytes) {}

    /// What verifications and switches leave behind for people.
    ///
    /// @param folder where reports are written, in a folder per run; made where it is not there
    /// @param planHash SHA-256 of the plan file as it is written, in hex; empty where there is none
    public record Reports(Path folder, String planHash) {}
}
