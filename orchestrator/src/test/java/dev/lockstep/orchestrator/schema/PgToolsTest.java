package dev.lockstep.orchestrator.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PgToolsTest {
    private static final PgTools V15 = new PgTools(Path.of("/15"), 15);
    private static final PgTools V16 = new PgTools(Path.of("/16"), 16);
    private static final PgTools V18 = new PgTools(Path.of("/18"), 18);

    @Test
    void newestThatTheTargetUnderstandsIsTaken() {
        List<PgTools> all = List.of(V15, V16, V18);
        assertThat(PgTools.choose(all, 15, 18)).isEqualTo(V18);
        assertThat(PgTools.choose(all, 15, 17)).isEqualTo(V16);
        assertThat(PgTools.choose(all, 15, 15)).isEqualTo(V15);
        assertThat(PgTools.choose(all, 16, 15)).isEqualTo(V16);
        assertThat(PgTools.choose(all, 17, 17)).isEqualTo(V18);
    }

    @Test
    void withoutAFittingClientThePackageIsNamed() {
        assertThatThrownBy(() -> PgTools.choose(List.of(V15), 18, 18))
                .hasMessageContaining("15 in /15")
                .hasMessageContaining("postgresql-client-18");
        assertThatThrownBy(() -> PgTools.choose(List.of(), 14, 15))
                .hasMessageContaining("none was found")
                .hasMessageContaining("postgresql-client-15");
        assertThatThrownBy(() -> PgTools.choose(List.of(V18), 15, 16))
                .hasMessageContaining("postgresql-client-16");
    }

    @Test
    void versionIsWhatTheProgramSays(@TempDir Path folder) throws IOException {
        for (String program : List.of("pg_dump", "pg_restore")) {
            Path file = folder.resolve(program);
            Files.writeString(
                    file, "#!/bin/sh\necho 'pg_dump (PostgreSQL) 16.9 (Debian 16.9-1)'\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        assertThat(PgTools.installed(List.of(folder, folder.resolve("none"))))
                .containsExactly(new PgTools(folder, 16));
    }
}
