package dev.lockstep.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/// The programs of servers older than the one on the class path, as the build brought them.
final class OldServers {
    private static final List<Path> FOLDERS =
            List.of(Path.of("target/servers"), Path.of("../plans/target/servers"));

    private OldServers() {}

    /// The archive with the programs of `major`, to be read to its end.
    static InputStream archive(int major) throws IOException {
        Path jar =
                FOLDERS.stream()
                        .map(folder -> folder.resolve("postgres-%s.jar".formatted(major)))
                        .filter(Files::exists)
                        .findFirst()
                        .orElseThrow(() -> new AssertionError("no server of major " + major));
        ZipInputStream entries = new ZipInputStream(Files.newInputStream(jar));
        ZipEntry entry = entries.getNextEntry();
        while (entry != null && !entry.getName().endsWith(".txz")) {
            entry = entries.getNextEntry();
        }
        assertThat(entry).as("an archive in %s", jar).isNotNull();
        return entries;
    }
}
