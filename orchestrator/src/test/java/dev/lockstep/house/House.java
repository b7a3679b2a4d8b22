package dev.lockstep.house;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/// The files of the repository that people write: no build output, nothing hidden except `.ci`.
final class House {
    static final Path ROOT = root();

    private House() {}

    /// At least one: a rule about files that were not found would hold.
    static List<Path> files(String suffix) {
        List<Path> found = filesIfAny(suffix);
        if (found.isEmpty()) {
            throw new AssertionError("no file *%s under %s".formatted(suffix, ROOT));
        }
        return found;
    }

    static List<Path> filesIfAny(String suffix) {
        List<Path> found = new ArrayList<>();
        try {
            Files.walkFileTree(
                    ROOT,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult preVisitDirectory(
                                Path dir, BasicFileAttributes attributes) {
                            return isOurs(dir)
                                    ? FileVisitResult.CONTINUE
                                    : FileVisitResult.SKIP_SUBTREE;
                        }

                        @Override
                        public FileVisitResult visitFile(
                                Path file, BasicFileAttributes attributes) {
                            if (file.toString().endsWith(suffix)) {
                                found.add(file);
                            }
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found.stream().sorted().toList();
    }

    static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// As people write it: from the root, with slashes.
    static String name(Path file) {
        return ROOT.relativize(file).toString().replace('\\', '/');
    }

    static boolean isMain(Path file) {
        return name(file).contains("/src/main/");
    }

    private static boolean isOurs(Path dir) {
        String name = dir.getFileName().toString();
        return dir.equals(ROOT)
                || name.equals(".ci")
                || !(name.equals("target") || name.startsWith("."));
    }

    private static Path root() {
        Path here = Path.of("").toAbsolutePath();
        while (!Files.isRegularFile(here.resolve("orchestrator/pom.xml"))) {
            here = here.getParent();
            if (here == null) {
                throw new AssertionError("not started inside the repository");
            }
        }
        return here;
    }
}
