package dev.lockstep.orchestrator.stage;

import dev.lockstep.cdc.Remains;
import dev.lockstep.orchestrator.run.Run;
import dev.lockstep.plans.fault.Fault;
import dev.lockstep.plans.fault.LockstepException;
import dev.lockstep.plans.plan.Plan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A run's folder on this machine.
public final class RunFolder {
    /// Holds the runs' folders beside a plan.
    public static final String BESIDE_PLAN = ".lockstep";

    private RunFolder() {}

    /// Makes it, where it is not there.
    public static void make(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new LockstepException(
                    Fault.PRECONDITION,
                    ("the run's folder \"%s\" cannot be made: %s, or name another one with"
                                    + " LOCKSTEP_STATE")
                            .formatted(folder, whyNot(folder, e)),
                    e);
        }
    }

    /// Where a run's folder is.
    public record Place(String machine, String folder) {
        public static Place here(Path folder) {
            return new Place(Run.machine(), folder.toString());
        }

        /// Whether it is seen from here that it is not there any more.
        private boolean isGone() {
            return machine.equals(Run.machine()) && !Files.exists(Path.of(folder));
        }
    }

    /// Fails where the run's changes are elsewhere: a process that began a log of its own would
    /// lack them.
    ///
    /// @param last where the run was worked on last
    public static void requireLog(Plan plan, Path folder, Place last) {
        if (last.equals(Place.here(folder)) || last.isGone() || hasChanges(folder)) {
            return;
        }
        throw new LockstepException(
                Fault.PRECONDITION,
                ("the change log of run \"%s\" is in folder \"%s\" on %s, and there is none in"
                                + " \"%s\", where this process looks; start it where it was (the"
                                + " plan's folder, or LOCKSTEP_STATE), or bring that folder here;"
                                + " where it is lost, `abort` or `complete` ends the run")
                        .formatted(plan.name(), last.folder(), last.machine(), folder));
    }

    private static boolean hasChanges(Path folder) {
        Path broker = Run.brokerFolder(folder);
        if (!Files.isDirectory(broker)) {
            return false;
        }
        try (Stream<Path> files = Files.list(broker)) {
            return files.anyMatch(file -> Remains.isTopic(file.getFileName().toString()));
        } catch (IOException e) {
            throw new LockstepException(
                    Fault.PRECONDITION,
                    "the run's folder \"%s\" cannot be read: %s"
                            .formatted(folder, whyNot(folder, e)),
                    e);
        }
    }

    /// The reason, and what to do.
    private static String whyNot(Path folder, IOException failed) {
        for (Path each = folder; each != null; each = each.getParent()) {
            if (Files.exists(each) && !Files.isDirectory(each)) {
                return "\"%s\" is a file; move it away".formatted(each);
            }
        }
        if (failed instanceof AccessDeniedException denied) {
            return "permission denied for \"%s\"; let user \"%s\" write there"
                    .formatted(denied.getFile(), System.getProperty("user.name"));
        }
        return "%s; mend that"
                .formatted(
                        failed instanceof FileSystemException e && e.getReason() != null
                                ? e.getReason()
                                : failed.getMessage());
    }

    /// Fails for a target that knows nothing of the run, and changes of one by its name on this
    /// machine: the databases are others than those that the changes are from.
    public static void refuseLeftLog(Plan plan, Path folder) {
        if (hasChanges(folder)) {
            throw new LockstepException(
                    Fault.NAME_IN_USE,
                    ("name \"%s\" is in use: folder \"%s\" has changes of another run, of which"
                                    + " target \"%s\" knows nothing; remove the folder where that"
                                    + " run's databases are gone, or give the plan another name")
                            .formatted(plan.name(), folder, plan.target().label()));
        }
    }

    /// Removes it with all that is in it, and the one that holds those of all runs where no other
    /// is left.
    public static void remove(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> {
                        try {
                            Files.deleteIfExists(file);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
        } catch (IOException | UncheckedIOException e) {
            throw new LockstepException(
                    Fault.FILE_FAILED,
                    ("the run is over, but its folder \"%s\" cannot be removed: %s; remove "
                                    + "it by hand")
                            .formatted(folder, e.getMessage()),
                    e);
        }
        removeIfEmpty(folder.getParent());
    }

    private static void removeIfEmpty(@Nullable Path parent) {
        if (parent != null && parent.endsWith(BESIDE_PLAN)) {
            try {
                Files.deleteIfExists(parent);
            } catch (IOException _) {
                // Another run's folder is in it.
            }
        }
    }
}
