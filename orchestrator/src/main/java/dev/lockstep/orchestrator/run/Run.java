package dev.lockstep.orchestrator.run;

import dev.lockstep.cdc.KafkaAccess;
import dev.lockstep.plans.plan.Plan;
import dev.lockstep.plans.sql.Db;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;

/// What every piece of work on a run needs: the plan, both databases, the journal, and the epoch
/// under which this process may write.
///
/// @param folder files of the run on this machine
public record Run(
        Plan plan,
        Db source,
        Db target,
        Journal journal,
        long epoch,
        KafkaAccess kafka,
        Path folder,
        InstantSource clock) {

    public String name() {
        return plan.name();
    }

    public Db db(Side side) {
        return side == Side.SOURCE ? source : target;
    }

    /// Where the embedded broker keeps its files, within a run's folder.
    public static Path brokerFolder(Path folder) {
        return folder.resolve("kafka");
    }

    /// The name of this machine, for people and to tell it from others.
    public static String machine() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "a host that does not know its name";
        }
    }

    /// Fails where another process has taken the run over.
    public void requireLease() {
        target.tx(session -> Lease.hold(session, name(), epoch));
    }

    /// As the other, where `before` is what this process knows the journal to come to: a long
    /// journal is not read again. No statement takes longer than `atMost`.
    public History append(History before, RunEvent event, Duration atMost) {
        return journal.append(epoch, before, event, atMost);
    }

    /// Stores what happened and returns what is true then.
    public History append(RunEvent event) {
        return journal.append(epoch, event);
    }
}
