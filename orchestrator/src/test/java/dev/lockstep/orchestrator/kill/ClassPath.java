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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;

/// The classes of this JVM for processes of a test. They start in a fourth of the time with a cache
/// of loaded and linked classes, which one of them leaves behind that ends by itself; the JVM makes
/// one of jars only.
public final class ClassPath {
    private static final Path FOLDER = folder();

    private static final Path CACHE = FOLDER.resolve("classes.aot");
    private static final Path TRAINED = FOLDER.resolve("trained.aot");
    private static final AtomicBoolean TRAINS = new AtomicBoolean();

    /// What the cache is for.
    public static final String OF_JARS = ofJars();

    /// A cache is used where native access is allowed as it was when that was made.
    private static final List<String> QUICK =
            List.of(
                    "-XX:TieredStopAtLevel=1",
                    "-Xlog:aot*=off,cds*=off",
                    "--enable-native-access=ALL-UNNAMED");

    private ClassPath() {}

    /// JVM options for a process that lives for seconds, with the cache where there is one by now.
    public static List<String> options() {
        List<String> options = new ArrayList<>(QUICK);
        options.add("-XX:+UseSerialGC");
        if (Files.exists(CACHE)) {
            options.add("-XX:AOTCache=" + CACHE);
        }
        return options;
    }

    /// Whether the caller is to start the one process that makes the cache when it ends.
    static boolean mayTrain() {
        return TRAINS.compareAndSet(false, true);
    }

    /// The options of that process. No other collector's heap goes into a cache.
    static List<String> trainingOptions() {
        List<String> options = new ArrayList<>(QUICK);
        options.addAll(List.of("-XX:+UseG1GC", "-XX:AOTCacheOutput=" + TRAINED));
        return options;
    }

    /// That process has ended. Nobody must find the cache half written.
    static void trained() {
        try {
            if (Files.exists(TRAINED)) {
                Files.move(TRAINED, CACHE);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

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
