package dev.lockstep.orchestrator.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A disk of a few megabytes, in memory. Only the machine's administrator can make one; a test that
/// asks for it elsewhere does not run.
final class SmallDisk implements AutoCloseable {
    private static final int BLOCK = 4096;

    private final Path folder;

    private SmallDisk(Path folder) {
        this.folder = folder;
    }

    /// @param folder a folder that does not exist yet
    static SmallDisk make(Path folder, int megabytes) {
        try {
            Files.createDirectory(folder);
            String size = "size=%dm".formatted(megabytes);
            assumeTrue(
                    isDone("mount", "-t", "tmpfs", "-o", size, "tmpfs", folder.toString()),
                    "disks can be mounted here");
            return new SmallDisk(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isDone(String... command) {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    Path folder() {
        return folder;
    }

    /// Leaves room for nothing.
    void fill() {
        try (OutputStream out = Files.newOutputStream(filler())) {
            while (true) {
                out.write(new byte[BLOCK]);
            }
        } catch (IOException e) {
            // It is full.
        }
    }

    /// Takes back what [#fill] wrote.
    void free() {
        try {
            Files.delete(filler());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path filler() {
        return folder.resolve("filler");
    }

    @Override
    public void close() {
        isDone("umount", "-l", folder.toString());
    }
}
