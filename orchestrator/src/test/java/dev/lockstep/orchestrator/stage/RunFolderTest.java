package dev.lockstep.orchestrator.stage;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir Path folder = Path.of("");

    @Test
    void aFileInItsPlaceIsNamed() throws IOException {
        Path file = Files.createFile(folder.resolve("state"));
        for (Path wanted : new Path[] {file, file.resolve("shop"), file.resolve("a/b")}) {
            assertThatThrownBy(() -> RunFolder.make(wanted))
                    .hasMessageContaining("the run's folder \"%s\" cannot be made", wanted)
                    .hasMessageContaining("\"%s\" is a file; move it away, or name", file);
        }
    }
}
