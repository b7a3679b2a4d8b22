package dev.lockstep.orchestrator.kill;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/// The classes of this JVM for others. A victim starts in a third of the time with an archive of
/// loaded classes, which the first one that ends by itself leaves behind; the JVM makes one of jars
/// only.
final class ClassPath {
    private static final Path FOLDER = folder();

    static final Path ARCHIVE = FOLDER.resolve("victim.jsa");
    static final String OF_JARS = ofJars();

    private ClassPath() {}

    private static Path folder() {
        try {
            Path folder = Files.createTempDirectory("lockstep-victim");
            Runtime.getRuntime().addShutdownHook(new Thread(ClassPath::remove));
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void remove() {
        try {
            try (var files = Files.list(FOLDER)) {
                for (Path file : files.toList()) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(FOLDER);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Surefire may start its JVM with a jar that only points to the class path.
    private static String ofJars() {
        String all =
                Optional.ofNullable(System.getProperty("surefire.test.class.path"))
                        .orElseGet(() -> System.getProperty("java.class.path"));
        List<String> jars = new ArrayList<>();
        List<Path> folders = new ArrayList<>();
        for (String entry : all.split(File.pathSeparator, -1)) {
            if (Files.isDirectory(Path.of(entry))) {
                folders.add(Path.of(entry));
            } else {
                jars.add(entry);
            }
        }
        jars.addFirst(pack(folders).toString());
        return String.join(File.pathSeparator, jars);
    }

    private static Path pack(List<Path> folders) {
        Path jar = FOLDER.resolve("folders.jar");
        Set<String> packed = new HashSet<>();
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            for (Path folder : folders) {
                try (var files = Files.walk(folder)) {
                    for (Path file : files.toList()) {
                        add(out, folder, file, packed);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return jar;
    }

    /// Folders too: whoever looks for all files of one finds it by its entry.
    private static void add(JarOutputStream out, Path folder, Path file, Set<String> packed)
            throws IOException {
        boolean isFolder = Files.isDirectory(file);
        String name = folder.relativize(file) + (isFolder ? "/" : "");
        if (packed.add(name)) {
            out.putNextEntry(new JarEntry(name));
            if (!isFolder) {
                Files.copy(file, out);
            }
            out.closeEntry();
        }
    }
}
