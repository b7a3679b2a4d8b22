package dev.lockstep.orchestrator.random;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.TreeMap;

/// The files of a run as a process leaves them that is killed: what was written by then is there,
/// and nothing was closed in order. Kafka makes its indexes anew.
final class LogImage {
    private LogImage() {}

    /// How long the segments of the streams' topics are, by their paths below `folder`.
    static Map<Path, Long> lengths(Path folder) {
        Map<Path, Long> lengths = new TreeMap<>();
        each(
                folder,
                (file, size) -> {
                    Path from = folder.relativize(file);
                    if (isLog(file)) {
                        lengths.put(from, size);
                    }
                });
        return lengths;
    }

    private static boolean isLog(Path file) {
        return file.toString().endsWith(".log") && file.toString().contains("lockstep.");
    }

    /// Copies what is in `folder` now.
    static void copy(Path folder, Path to) {
        each(
                folder,
                (file, _) -> {
                    if (!file.toString().matches(".*(index|\\.lock|\\.tmp)")) {
                        Path there = to.resolve(folder.relativize(file));
                        Files.createDirectories(there.getParent());
                        Files.copy(file, there, StandardCopyOption.REPLACE_EXISTING);
                    }
                });
    }

    /// Cuts the end off a file.
    static void tear(Path file, long length) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Look {
        void at(Path file, long size) throws IOException;
    }

    /// Files that vanish meanwhile were not there.
    private static void each(Path folder, Look look) {
        try {
            Files.walkFileTree(
                    folder,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                                throws IOException {
                            try {
                                look.at(file, attributes.size());
                            } catch (java.nio.file.NoSuchFileException e) {
                                return FileVisitResult.CONTINUE;
                            }
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFileFailed(Path file, IOException e) {
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult postVisitDirectory(
                                Path folder, @org.jspecify.annotations.Nullable IOException e) {
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
